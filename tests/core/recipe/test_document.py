"""Reading YAML, and writing it."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.recipe.document import MAX_BYTES, dump, parse, read
from shapes_plugin import message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 2e-4),
        ("1_000", 1000),
        ("010", 10),
        ("0x1F", 31),
        (".inf", float("inf")),
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        (".nan", ".nan"),
        ("~", None),
        ("", None),
        ("true", True),
        ("{from: 2, to: .5}", {"from": 2, "to": 0.5}),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    assert parse(text, "x") == value
    assert type(parse(text, "x")) is type(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc -:#'1en.o~", max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abcdenotfyu-_019.", min_size=1), PLAIN, max_size=5))
@settings(max_examples=60, deadline=None)
def test_what_is_dumped_is_read_back_the_same(data: dict[str, Any]) -> None:
    text = dump(data)
    assert parse(text, "x") == data
    assert dump(parse(text, "x")) == text


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch pwned']",
        "a: !!python/name:os.system ''",
        "a: !!python/object/new:detente.plugins.Host [[]]",
        "a: !!binary aGVsbG8=",
        "a: !!set {b}",
        "a: !mine {b: 1}",
    ],
)
def test_a_tag_is_refused_and_nothing_is_run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "could not determine a constructor for the tag" in message(lambda: parse(text, "r.yaml"))
    assert list(tmp_path.iterdir()) == []


def test_aliases_are_refused_so_that_nothing_unfolds() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    said = message(lambda: parse(bomb, "r.yaml"))
    assert said.startswith("r.yaml: line 2, column 10: aliases (*name) are not supported in recipes")
    assert "aliases" in message(lambda: parse("a: {<<: *b}", "r.yaml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "r.yaml: line 3, column 1: the key 'a' appears twice; keep one of them."),
        ("1: x", "r.yaml: line 1, column 1: a key must be text; put '1' in quotes."),
        ("? [a]\n: x", "r.yaml: line 1, column 3: a key cannot be a list or a mapping."),
        ("a: [1", "r.yaml: line 1, column 6: expected ',' or ']', but got '<stream end>'."),
        ("a: 1\n---\nb: 2", "r.yaml: line 2, column 1: a second YAML document begins here; keep one"),
        ("[" * 500_000, "r.yaml: line 1, column 51: this is nested too deeply for a recipe."),
        ("a: " + "9" * 5000, "r.yaml: contains a number that is too long."),
        ("a: \0", "r.yaml: is not valid YAML: unacceptable character"),
    ],
)
def test_malformed_yaml_is_refused_with_its_place(text: str, said: str) -> None:
    started = time.perf_counter()
    assert message(lambda: parse(text, "r.yaml")).startswith(said)
    assert time.perf_counter() - started < 5


def test_a_file_that_holds_no_recipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    assert message(lambda: read(path)) == f"{path}: file not found."
    assert message(lambda: read(tmp_path)) == f"{tmp_path}: cannot be read: Is a directory."
    for content, said in (
        (b"- a\n- b", "contains a list; a recipe is a mapping, with one `key: value` per line."),
        (b"hello", "contains a single value; a recipe is a mapping, with one `key: value` per line."),
        (b"#" * (MAX_BYTES + 1), "is larger than 1,000,000 bytes, more than any recipe or study has."),
    ):
        path.write_bytes(content)
        assert message(lambda: read(path)) == f"{path}: {said}"
    path.write_bytes(b"\xef\xbb\xbf# nothing but a mark and a comment\n")
    assert read(path) == {}
