"""What is typed as a value: text as it is where an option wants text, YAML elsewhere."""

import contextlib
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import UsageError
from detente.experiments.search.reading import ranges
from detente.plugins import Host
from detente.recipe import load, parse_arm
from detente.recipe.document import dump, parse
from detente.recipe.values import plain_value, value_of
from shapes_plugin import message

ODD = ["shots #2", "2024", "1e5", "~", "[x]", "a: b", "null", "true", "0x1F", "{y}", "*z", "&a b", "- c", "!d e", "%f"]
ODD += [
    "h\udcffh",
    "# g",
    "it's",
    "a, b",
    " h ",
    "i\nj",
    "@k",
    "`l",
    "007",
    "1_000",
    ".5",
    "",
    "|",
    "> m",
    "? n",
    "'o' p",
    "é\u200b",
]
MANY = str | list[str] | None


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("annotation", [str, Path, Annotated[str, "a note"]])
def test_an_option_for_text_takes_it_as_it_is(text: str, annotation: Any) -> None:
    assert value_of(text, annotation, "") == text


@pytest.mark.parametrize(
    ("text", "annotation", "found"),
    [
        ("'shots #2'", str, "shots #2"),
        ('"a\\tb"', str, "a\tb"),
        ("'it''s'", str, "it's"),
        ("'a' 'b'", str, "'a' 'b'"),
        ("'a", str, "'a"),
        ('"a": "b"', str, '"a": "b"'),
        ("null", str | None, None),
        ("", str | None, None),
        ("~", str | None, "~"),
        ("'null'", str | None, "null"),
        ("fc* #2", MANY, "fc* #2"),
        ("*.conv", MANY, "*.conv"),
        ("[a, b*]", MANY, ["a", "b*"]),
        ("[a", MANY, "[a"),
        ("[1]", MANY, "[1]"),
        ("7", int | str, 7),
        ("7 #", int | str, "7 #"),
        ("7", float, 7),
        ("[1, 2]", tuple[int, int], [1, 2]),
        ("soft", Literal["soft"], "soft"),
        ("{from: 1, to: 2}", float, {"from": 1, "to": 2}),
        ("a: {b: c}", Any, {"a": {"b": "c"}}),
        ("|\n a\n", Any, "a\n"),
        ("'#'", Any, "#"),
    ],
)
def test_quotes_and_unions(text: str, annotation: Any, found: Any) -> None:
    assert value_of(text, annotation, "") == found


@pytest.mark.parametrize("text", ["5 #2", "[1, 2] # two", "soft #2", "{a: 1} #x", "# all", "'a' # b"])
def test_a_comment_is_no_value(text: str) -> None:
    with pytest.raises(UsageError, match="is a comment; leave it out, or put quotes around text"):
        plain_value(text, "--set: steps")


@pytest.mark.parametrize("text", ["&a 1", "[&b x]", "{k: &c {}}"])
def test_anchors_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="anchors"):
        plain_value(text, "")


def test_a_value_that_would_unfold_is_refused_at_once() -> None:
    laughs = "[&a [x, x], &b [*a, *a], &c [*b, *b]]"
    with pytest.raises(UsageError, match="aliases"):
        plain_value(laughs, "")
    with pytest.raises(UsageError, match="too deeply"):
        plain_value("[" * 20_000, "")


@given(st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_text_survives_typing_writing_and_reading(text: str) -> None:
    if text.strip()[:1] not in ("'", '"'):
        assert value_of(text, str, "") == text
    with contextlib.suppress(UsageError):  # what YAML cannot hold at all
        assert parse(dump({"a": text}), "") == {"a": text}


@pytest.mark.parametrize("text", [text for text in ODD if text])
def test_an_option_of_a_data_set_is_what_set_says(host: Host, text: str) -> None:
    found = load(None, "shapes", ["data=folder", f"data.path={text}"], host=host)
    assert found.data.options["path"] == text
    assert load(parse(found.to_yaml(), ""), host=host) == found


def test_blanks_on_both_sides_of_the_equals_sign_are_layout(host: Host) -> None:
    assert load(None, "shapes", ["data = folder", "data.path = shots "], host=host).data.options["path"] == "shots"


@pytest.mark.parametrize("text", ["conv #2", "*", "2024", "~", "a: b", "&x", "!y", "%z"])
def test_an_option_in_a_chain_is_what_reg_says(host: Host, text: str) -> None:
    assert parse_arm(f"d:dropout( where = {text} , p=.5)", host).discriminator["dropout"] == {"where": text, "p": 0.5}
    assert parse_arm(f"d:dropout(name=two, where={text})", host).discriminator["two"]["where"] == text


def test_what_is_set_in_a_chain_and_in_a_search_is_text_too(host: Host) -> None:
    found = load(None, "shapes", ["dropout.where=net.0 #2"], ["d:dropout"], host=host)
    assert found.discriminator.regularizers["dropout"]["where"] == "net.0 #2"
    recipe = {**load(None, "shapes", [], ["d:dropout"], host=host).plain()}
    (one,) = ranges(["dropout.where=choice:1 #2,~,'a,b',[x, y]"], recipe, host)
    assert one.ends == ["1 #2", "~", "a,b", ["x", "y"]]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("steps=5 #2", "--set: steps: '#2' is a comment"),
        ("device=cpu #2", "--set: device: should be auto, cpu, cuda or cuda:N, but is 'cpu #2'"),
        ("data=circles #2", "--set: data: There is no data 'circles #2' in shapes."),
        ("r1.gamma=1 #2", "--set: r1.gamma: '#2' is a comment"),
    ],
)
def test_nothing_is_cut_off_in_silence(host: Host, setting: str, said: str) -> None:
    assert said.replace("data 'circles #2' in shapes.", "") in message(
        lambda: load(None, "shapes", [setting], ["r1"], host=host)
    )
