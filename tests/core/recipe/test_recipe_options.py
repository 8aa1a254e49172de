"""Options from signatures."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Gt

from detente.recipe import options_of
from detente.recipe.options import check


class Everything:
    def __init__(
        self,
        path: Path,
        rate: Annotated[float, Gt(0)] = 1.0,
        pair: tuple[int, int] = (1, 2),
        mode: Literal["a", "b"] = "a",
        where: "str | list[str] | None" = None,
        sloppy: str = None,  # noqa: RUF013  # pyright: ignore[reportArgumentType]
        *args: Any,
        late: bool = False,
        **more: Any,
    ) -> None: ...


def test_the_signature_tells_the_options() -> None:
    assert [(o.name, o.type_name, o.default if not o.required else "required") for o in options_of(Everything)] == [
        ("path", "pathlib.Path", "required"),
        ("rate", "Annotated[float, Gt(gt=0)]", 1.0),
        ("pair", "tuple[int, int]", (1, 2)),
        ("mode", "Literal['a', 'b']", "a"),
        ("where", "str | list[str] | None", None),
        ("sloppy", "str", None),
        ("late", "bool", False),
    ]
    assert options_of(object) == ()
    assert options_of(int) == ()


def test_options_are_read_strictly_and_come_back_plain() -> None:
    checked = check(Everything, {"path": "/x", "rate": 2, "pair": [3, 4], "where": ["a"], "sloppy": None})
    assert checked.problems == []
    assert checked.arguments == {"path": Path("/x"), "rate": 2.0, "pair": (3, 4), "where": ["a"], "sloppy": None}
    assert checked.plain == {
        "path": "/x",
        "rate": 2.0,
        "pair": [3, 4],
        "mode": "a",
        "where": ["a"],
        "sloppy": None,
        "late": False,
    }
    assert check(Everything, checked.plain).plain == checked.plain


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("rate", 0, "should be greater than 0, but is 0."),
        ("rate", True, "should be a number, but is true."),
        ("rate", "2", "should be a number, but is '2'."),
        ("pair", [1], "should be [an integer, an integer], but is [1]."),
        ("pair", [1, 2.5], "should be [an integer, an integer], but is [1, 2.5]."),
        ("mode", "aa", "should be 'a' or 'b', but is 'aa'. Did you mean 'a'?"),
        ("where", 3, "should be text or a list, each text or null, but is 3."),
        ("late", 1, "should be true or false, but is 1."),
        ("args", 1, "unknown option. Available: path, rate, pair, mode, where, sloppy, late."),
        ("more", 1, "unknown option. Did you mean 'mode'?"),
        ("path", "x" * 99, ""),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused(option: str, value: Any, said: str) -> None:
    problems = check(Everything, {"path": "/x", option: value}).problems
    assert problems == ([(option, said)] if said else [])
