"""The documentation is true: its examples run, and the cards say what the code says."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from detente import checks as compatibility
from detente import errors
from detente.engine.regularizer import Regularizer
from detente.plugins import discover
from detente.recipe import Recipe
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.table import write_results
from detente.testing import laws

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
REGULARIZERS = sorted(e.name for e in discover().entries("regularizer") if e.distribution == "detente")
CARDS = sorted(page.stem for page in (DOCS / "cards").glob("*.md") if page.stem != "index")


def run_shell(example: Example) -> None:
    """A block of commands, run as a reader would: in an empty folder, with this environment's `detente`.

    What a page installs goes into a folder beside it, without a network.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    site = str(Path.cwd() / "site-packages")
    python = os.pathsep.join([site, *filter(None, [os.environ.get("PYTHONPATH")])])
    # The names are pip's, in which NO_BUILD_ISOLATION=0 switches the isolation off.
    pip = {"TARGET": site, "NO_DEPS": "1", "NO_INDEX": "1", "NO_BUILD_ISOLATION": "0", "DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example.parsed],
        env=os.environ
        | {"PATH": path, "PYTHONPATH": python, "NO_COLOR": "1"}
        | {f"PIP_{k}": v for k, v in pip.items()},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{example.parsed}\n{done.stdout}\n{done.stderr}"


EXAMPLES = Sybil([PythonCodeBlockParser(), CodeBlockParser("bash", run_shell)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_examples_of_a_page_run_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    for example in EXAMPLES.parse(page).examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if "://" not in t and not (page.parent / t).is_file()] == []


def test_each_regularizer_has_a_card_and_each_card_a_regularizer() -> None:
    assert CARDS == REGULARIZERS


def _card(name: str) -> str:
    return (DOCS / "cards" / f"{name}.md").read_text(encoding="utf-8")


def _class(name: str) -> type[Regularizer]:
    return discover().load("regularizer", name)


@pytest.mark.parametrize("name", CARDS)
def test_a_card_lists_the_options_with_their_defaults(name: str) -> None:
    table = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", _card(name), flags=re.MULTILINE)
    parameters = inspect.signature(_class(name)).parameters.values()
    assert table == [(p.name, repr(p.default)) for p in parameters]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_names_the_points_that_the_class_defines(name: str) -> None:
    (row,) = re.findall(r"^\| acts at \| (.*) \|$", _card(name), flags=re.MULTILINE)
    # Dropout's adjust_weights only hands on an annealed p, and a point that is not drawn on the card does no harm to a
    # reader; one that is drawn and absent does.
    assert set(re.findall(r"`(\w+)`", row)) <= _class(name)().defines()


@pytest.mark.parametrize("name", CARDS)
def test_a_card_states_the_inactive_setting(name: str) -> None:
    (row,) = re.findall(r"^\| inactive \| (.*) \|$", _card(name), flags=re.MULTILINE)
    off = _class(name).off or {}
    assert re.findall(r"`(\w+): (\d+)`", row) == [(key, f"{value:g}") for key, value in off.items()]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_says_where_the_regularizer_sits_by_default(name: str) -> None:
    (row,) = re.findall(r"^\| sits on \| (.*) \|$", _card(name), flags=re.MULTILINE)
    assert row.startswith({"both": "both players"}.get(default := _class(name).players[0], default))


def test_the_index_of_cards_lists_each_once() -> None:
    index = (DOCS / "cards" / "index.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[([\w-]+)\]", index, flags=re.MULTILINE)) == CARDS


def _first_column(page: str, after: str, until: str = "\n## ") -> list[str]:
    """What stands in backquotes in the first column of the tables of a chapter."""
    text = (DOCS / page).read_text(encoding="utf-8").split(after, 1)[1].split(until, 1)[0]
    rows = re.findall(r"^\| (.*?) \|", text, flags=re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_the_recipes_reference_has_every_key_with_its_default() -> None:
    assert _first_column("reference/recipe.md", "## Keys") == [
        *[name for name in Recipe.model_fields if name not in ("generator", "discriminator")],
        *["generator", "discriminator"],
    ]
    text = (DOCS / "reference/recipe.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, flags=re.MULTILINE))
    defaults = Recipe(domain="d", data={"name": "d"}, model={"name": "m"}).plain()  # type: ignore[arg-type]
    as_yaml = {
        "objective": "non-saturating",
        "generator_first": "false",
        "simultaneous": "false",
        "fresh_fakes": "false",
    }
    assert stated == {key: as_yaml.get(key, str(defaults[key])) for key in stated}


def test_the_page_of_laws_has_each_of_them_once() -> None:
    page = _first_column("explanation/laws.md", "## While a game is played", "## Do the laws catch")
    assert sorted(page) == sorted(law.__name__ for law in (*laws.ON_CASES, *laws.ON_CLOSED_FORMS))


def test_the_page_of_combinations_has_every_code_with_its_level() -> None:
    page = _first_column("explanation/combinations.md", "| code |", "\n\n")
    assert set(page) == compatibility.CODES and len(page) == len(set(page))
    text = (DOCS / "explanation/combinations.md").read_text(encoding="utf-8")
    for rule in compatibility.RULES:
        assert f"| `{rule.code}` | {rule.level} |" in text


def test_the_exit_codes_are_those_of_the_errors() -> None:
    text = (DOCS / "reference/files-and-exit-codes.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| ([\d, ]+) \|", text.split("## Exit codes")[1], flags=re.MULTILINE)
    stated = {int(code) for row in codes for code in row.split(",")}
    assert {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")} <= stated


def test_the_columns_of_results_are_those_that_are_written(tmp_path: Path) -> None:
    stated = _first_column("reference/files-and-exit-codes.md", "| column |", "\n\n")
    study = Study(tmp_path, {"domains": {}, "arms": [], "seeds": []})
    outcomes: list[Outcome] = []
    assert write_results(study, outcomes).read_text(encoding="utf-8").strip().split(",") == stated
