"""Names of files that are not UTF-8, by every way that leads into a recipe."""

import os
from pathlib import Path

import pytest

from detente import recipe
from detente.errors import UsageError
from detente.recipe.document import dump, parse, read
from detente.recipe.options import read as read_value

NAMES = [os.fsdecode(name) for name in (b"sh\xffots", b"/t\xe9l\xe9/\xa0", b"\xf0\x28\x8c")]


@pytest.mark.parametrize("name", NAMES)
def test_such_a_name_is_a_value_of_yaml_as_it_is_typed(name: str) -> None:
    assert parse(name, "--set") == name
    assert parse(f"{{name: folder, path: {name}}}", "--set") == {"name": "folder", "path": name}
    assert parse(f"[{name}, b]", "--set") == [name, "b"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_written_so_that_it_is_read_back(name: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(dump({"data": {"path": name}}), encoding="utf-8")
    assert read(file) == {"data": {"path": name}}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("annotation", [str, Path, list[str], dict[str, str], str | list[str]])
def test_an_option_takes_it_alone_and_in_a_list_or_mapping(name: str, annotation: object) -> None:
    value = [name, "b"] if annotation == list[str] else {"a": name} if annotation == dict[str, str] else name
    found, plain = read_value(annotation, value)
    assert (str(found) if annotation is Path else found) == plain == value


def test_a_text_of_such_bytes_is_no_number() -> None:
    with pytest.raises(ValueError, match="should be"):
        read_value(int, NAMES[0])
    with pytest.raises(ValueError, match="should be"):
        read_value(list[int], [1, NAMES[0]])


@pytest.mark.parametrize(
    "sets", [[f"data={{name: folder, path: {NAMES[0]}}}"], ["data=folder", f"data.path={NAMES[0]}"]]
)
def test_both_ways_of_setting_it_give_one_recipe(sets: list[str]) -> None:
    options = recipe.load(domain="image", sets=sets).plain()["data"]
    assert options["path"] == NAMES[0]


def test_where_the_data_have_no_path_that_is_what_is_said() -> None:
    with pytest.raises(UsageError, match=r"data\.path: unknown option"):
        recipe.resolve(domain="image", sets=[f"data.path={NAMES[0]}"])


@pytest.mark.parametrize(("content", "byte"), [(b"a: \xff", "ff"), (b"a: caf\xe9", "e9"), (b"\xa0", "a0")])
def test_a_recipe_with_such_bytes_says_how_they_are_written(content: bytes, byte: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=rf"is not UTF-8 text .*write this byte as \\udc{byte}"):
        read(file)
    assert parse(f'"\\udc{byte}"', "") == os.fsdecode(bytes.fromhex(byte))
