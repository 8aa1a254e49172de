"""Plain data held against a schema: what is said, and what is left where some of it is damaged."""

from typing import Annotated

import pytest
from pydantic import Field

from detente.errors import UsageError
from detente.files.records import Count, FolderName, Record, checked, shorten, sound


class Inner(Record):
    name: str
    at: Count = 0


class Outer(Record):
    format: int
    title: str = ""
    parts: Annotated[list[Inner], Field(min_length=1)] = []
    by: dict[str, Inner] = {}
    where: FolderName = "here"


def test_data_that_fit_come_back_as_they_are_with_what_no_schema_names() -> None:
    data = {"format": 1, "parts": [{"name": "a", "later": [1]}], "new": {"x": None}}
    assert checked(Outer, data, "file", "fix it") is data
    assert sound(Outer, data, "file") == (data, [])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"format": "1"}, "file: format: should be an integer, but is '1'; fix it."),
        ({"format": True}, "file: format: should be an integer, but is true; fix it."),
        ({}, "file: format: is missing; fix it."),
        ([1], "file: should be a mapping, but is [1]; fix it."),
        (None, "file: should be a mapping, but is null; fix it."),
        ({"format": 1, "title": None}, "file: title: should be text, but is null; fix it."),
        ({"format": 1, "parts": [{"name": "a"}, {"name": 3}]}, "file: parts.1.name: should be text, but is 3; fix it."),
        ({"format": 1, "by": {"x": {"name": "a", "at": -1}}}, "file: by.x.at: should be greater than or equal to 0, "
         "but is -1; fix it."),
        ({"format": 1, "where": "../up"}, "file: where: cannot be the name of a folder, but is '../up'; fix it."),
    ],
)  # fmt: skip
def test_a_sentence_names_file_key_and_value(data: object, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(Outer, data, "file", "fix it")
    assert str(caught.value) == said


def test_what_is_sound_stays_and_each_entry_that_is_left_out_is_named() -> None:
    data = {
        "format": 1,
        "title": ["x"],
        "parts": [{"name": 1}, {"name": "b"}, {}, {"name": "d", "at": "x"}],
        "by": {"p": 7, "q": {"name": "q"}},
    }
    found, said = sound(Outer, data, "file")
    assert found == {"format": 1, "parts": [{"name": "b"}, {"name": "d"}], "by": {"q": {"name": "q"}}}
    keys = ["title", "parts.0.name", "parts.2.name", "parts.3.at", "by.p"]
    assert [text.split(": ")[1] for text in said] == keys
    assert len(data["parts"]) == 4, "the data themselves are not changed"


@pytest.mark.parametrize("data", [{}, {"format": None}, [], "text", {"format": 1.5, "title": "x"}])
def test_without_what_is_required_there_is_nothing_to_show(data: object) -> None:
    with pytest.raises(UsageError, match="file: "):
        sound(Outer, data, "file")


class Needed(Record):
    inner: Inner
    more: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("inner", "wrong"),
    [
        ({"name": 7}, "inner.name: should be text, but is 7"),
        ({}, "inner.name: is missing"),
        ({"name": None}, "inner.name: should be text, but is null"),
        ([], "inner: should be a mapping, but is []"),
    ],
)
def test_where_nothing_is_left_the_damage_is_named_and_not_what_it_took_away(inner: object, wrong: str) -> None:
    with pytest.raises(UsageError) as refused:
        sound(Needed, {"inner": inner}, "file", "write it again")
    assert str(refused.value) == f"file: {wrong}; write it again."


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "\0", "x" * 300])
def test_a_name_that_leads_elsewhere_is_no_folder(name: str) -> None:
    with pytest.raises(UsageError):
        checked(Outer, {"format": 1, "where": name}, "file", "fix it")


def test_a_long_value_is_cut() -> None:
    assert len(shorten("x" * 1000)) == 60
    assert shorten(10**6000) == "a number of many digits"
