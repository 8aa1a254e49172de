"""The reference of public names is complete, and says what each of them raises."""

import importlib.util
import sys
from pathlib import Path

import pytest
from torch import Tensor

import detente
from detente import Regularizer, UsageError, hookspecs, regularizers, testing

DOCS = Path(__file__).parents[2] / "docs"
spec = importlib.util.spec_from_file_location("api_of_docs", DOCS / "api.py")
assert spec is not None and spec.loader is not None
api = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = api
spec.loader.exec_module(api)


def test_every_public_name_stands_on_one_page() -> None:
    paths = [path for names in api.catalogue().values() for path in names]
    assert len(paths) == len(set(paths))
    wanted = {f"detente.{name}" for name in detente.__all__}
    wanted |= {f"detente.regularizers.{name}" for name in regularizers.__all__}
    wanted |= {f"detente.testing.{name}" for name in testing.__all__}
    wanted |= {f"detente.hookspecs.{name}" for name in vars(hookspecs) if name.startswith("detente_")}
    assert wanted <= set(paths)


def test_no_public_name_lacks_a_docstring_or_the_errors_that_it_raises() -> None:
    assert api.lacking() == []


@pytest.mark.parametrize(
    ("page", "heading", "says"),
    [
        ("engine", "input_gradient", "can be differentiated again"),
        ("engine", "Wasserstein", "Arjovsky et al. 2017"),
        ("engine", "Space", "Source: `detente/engine/sample.py, line"),
        ("domains", "PackedData", "**`held_out() -> Tensor | tuple[Tensor, ...]`**"),
        ("using", "attach", "*Raises:*"),
        ("hooks", "detente_register_models", "each belongs to a domain"),
        ("testing", "check_domain", "every law of domains"),
        ("regularizers", "R1", "R1(gamma: float = 10.0, space: Literal['input', 'embedding'] = 'input') -> None"),
        ("regularizers", "Dropout", "- `p` (0 or more and below 1): the probability"),
        ("engine", "Hinge", "\nHinge()\n"),
    ],
)
def test_a_section_says_what_the_docstring_does(page: str, heading: str, says: str) -> None:
    section = api.page(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert says in section


def test_a_name_without_docstring_shape_or_the_errors_that_it_raises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent() -> None: ...

    def raising() -> None:
        """Do something."""
        raise UsageError("no")

    def shapeless(x: Tensor) -> Tensor:
        """Change it."""
        return x

    class Choosy(Regularizer):
        """Changes some layers."""

        def __init__(self, where: str | None = None) -> None:
            super().__init__()

    found = {"silent": silent, "raising": raising, "shapeless": shapeless, "Choosy": Choosy}
    monkeypatch.setattr(api, "catalogue", lambda: {"engine": {f"detente.{name}": one for name, one in found.items()}})
    assert api.lacking() == [
        "detente.silent has no docstring",
        "detente.raising raises UsageError and does not say so",
        "detente.shapeless has tensors and does not say of what shape",
        "detente.Choosy has where and does not say what is refused",
    ]


def test_sections_of_a_docstring_become_lists() -> None:
    text = "Mean.\n\nArgs:\n    x: of [B].\n    k, n: counts; of\n        both.\n\nRaises:\n    UsageError: no.\n\nEnd."
    lines = ["Mean.", "", "", "*Args:*", "", "- `x`: of [B].", "- `k`, `n`: counts; of", "  both.", "", ""]
    assert api.rendered(text).splitlines() == [*lines, "*Raises:*", "", "- `UsageError`: no.", "", "End."]
