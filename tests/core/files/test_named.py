"""A path is shown with every unseen character spelled out, and is otherwise as any other."""

import os
import pickle
from pathlib import Path

import pytest

from detente.errors import LogFormatter, typed, visible_name
from detente.files import write_atomically
from detente.files.named import Named

ODD = {
    "a\nb": "a⟨U+000A⟩b",
    "tab\there": "tab⟨U+0009⟩here",
    "\x1b]0;own\x07": "⟨U+001B⟩]0;own⟨U+0007⟩",
    "\r\x0b": "⟨U+000D⟩⟨U+000B⟩",
    "right\u202eleft": "right⟨U+202E⟩left",
    os.fsdecode(b"\xff"): "⟨U+DCFF⟩",
    "émoji 🐚": "émoji 🐚",
}


@pytest.mark.parametrize("name", ODD)
def test_a_sentence_shows_it_and_the_file_system_has_it(tmp_path: Path, name: str) -> None:
    folder = Named(tmp_path) / name
    folder.mkdir()
    write_atomically(folder / "x.txt", "here")
    (found,) = folder.iterdir()
    for path in (found, folder.resolve() / "x.txt", *folder.glob("*"), found.with_name("x.txt")):
        assert f"{path}: is wrong." == f"{tmp_path}/{ODD[name]}/x.txt: is wrong."
        assert str(path) == f"{tmp_path}/{name}/x.txt" and path.read_text() == "here"
    assert pickle.loads(pickle.dumps(folder)) == folder == Path(folder)
    assert f"{folder.name:>9}" == name.rjust(9)


@pytest.mark.parametrize("name", ODD)
def test_a_command_with_it_has_one_line_and_means_the_same(name: str) -> None:
    said = typed("detente", "report", Named(name))
    assert visible_name(said) == said and "\n" not in said


def test_no_name_begins_a_line_of_a_log() -> None:
    import logging

    record = logging.LogRecord("x", 20, "", 0, "%s", (f"{Named('a' + chr(10) + 'forged')}: done",), None)
    assert len(LogFormatter().format(record).splitlines()) == 1


def test_pydantic_makes_one_of_what_a_command_line_has_as_newer_typer_asks_it_to(tmp_path: Path) -> None:
    from pydantic import TypeAdapter

    for given in (str(tmp_path), tmp_path, Named(tmp_path)):
        made = TypeAdapter(Named).validate_python(given)
        assert type(made) is Named and made == tmp_path
