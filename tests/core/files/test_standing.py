"""What stands at a path is named, and what is asked of a place is refused in the same words everywhere."""

import errno
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from detente.errors import UsageError
from detente.files.standing import (
    check_folder,
    check_replaceable,
    has_file,
    make_folder,
    no_folder,
    standing,
    trouble,
)

THINGS = {
    "none": "",
    "file": "a file",
    "folder": "a folder",
    "pipe": "a named pipe",
    "socket": "a socket",
    "null": "a device",
    "lost": "a link to nothing",
    "loop": "a link to nothing",
    "file/x": "",
    "pipe/x": "",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    Path("file").touch()
    Path("folder").mkdir()
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    for name, target in (("null", os.devnull), ("lost", "nowhere"), ("loop", "loop")):
        Path(name).symlink_to(target)
    return tmp_path


def test_what_stands_somewhere_is_said_in_words(here: Path) -> None:
    assert {name: standing(here / name) for name in THINGS} == THINGS


def test_a_file_is_there_or_not_and_anything_else_is_named(here: Path) -> None:
    assert [has_file(here / name) for name in ("file", "none", "file/x")] == [True, False, False]
    for name in ("pipe", "socket", "null", "lost", "loop", "folder"):
        with pytest.raises(UsageError, match=f"/{name}: is {THINGS[name]}, not a file; delete it") as refused:
            has_file(here / name, "delete it")
        assert not refused.value.args[0].endswith("..")


def test_a_file_takes_the_place_of_a_file_or_a_link_and_of_nothing_else(here: Path) -> None:
    (here / "linked").symlink_to("folder")
    for name in ("file", "none", "lost", "loop", "linked"):
        check_replaceable(here / name)
    for name in ("pipe", "socket", "null", "folder"):
        with pytest.raises(UsageError, match=f"is {THINGS[name]}, which no file replaces; move it away"):
            check_replaceable(here / name)


@pytest.mark.parametrize("act", [make_folder, check_folder])
def test_what_is_in_the_way_of_a_folder_is_named_wherever_it_is(here: Path, act) -> None:
    for name in ("file", "pipe", "socket", "null", "lost", "loop"):
        for place in (here / name, here / name / "a", here / name / "a" / "b"):
            with pytest.raises(UsageError) as refused:
                act(place)
            assert str(refused.value) == f"{here / name}: is {THINGS[name]}, not a folder. Choose another folder."
    act(here / "new" / "one")
    assert (here / "new" / "one").is_dir() == (act is make_folder)


@pytest.mark.parametrize(
    ("code", "flag", "words"), [(errno.EACCES, 0, "permission denied"), (errno.EROFS, os.ST_RDONLY, "is read-only")]
)
def test_no_right_is_said_in_the_same_words_before_and_after(here: Path, monkeypatch, code, flag, words) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flag))
    said = f"{here / 'x' / 'y'}: {words}. Choose another folder."
    with pytest.raises(UsageError) as before:
        check_folder(here / "x" / "y")
    after = no_folder(here / "x" / "y", OSError(code, os.strerror(code)), "Choose another folder")
    assert str(before.value) == str(after) == said
    assert trouble(OSError(code, "Anything")) == words


def test_a_disk_that_fails_is_not_taken_for_a_wrong_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OSError, match="full"):
        make_folder(here / "x")
    assert trouble(OSError("of a library")) == "OSError"
