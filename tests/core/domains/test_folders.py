"""A folder of the user's: what is found in it, and what is said about the rest."""

import os
from pathlib import Path

import pytest

from detente.domains.folders import counted, files_below, found_below


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"content")


def names(found: list[Path], folder: Path) -> list[str]:
    return [str(f.relative_to(folder)) for f in found]


def test_files_come_in_one_order_and_whatever_the_case_of_their_ending(tmp_path: Path) -> None:
    fill(tmp_path, "b.PNG", "a.png", "c/d.Png", "c/.hidden.png")
    found, notes = found_below(tmp_path, (".png",), "folder")
    assert names(found, tmp_path) == ["a.png", "b.PNG", "c/.hidden.png", "c/d.Png"]
    assert found == files_below(tmp_path, (".png",)) and notes == []


def test_other_endings_are_counted_and_those_of_hidden_files_are_not(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "b.heic", "b/c.HEIC", "b/d.txt", "README", ".DS_Store", ".git/objects/ab/cd", "e.png.bak")
    _, notes = found_below(tmp_path, (".png",), "folder")
    assert notes == ["folder: ignored 5 files with other endings: .heic (2), none (1), .bak (1), .txt (1)."]


def test_links_to_folders_are_followed_inside_and_outside(tmp_path: Path) -> None:
    fill(tmp_path, "set/a.png", "elsewhere/b.png", "elsewhere/deep/c.png")
    (tmp_path / "set" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "one.png").symlink_to(tmp_path / "elsewhere" / "b.png")
    found, notes = found_below(tmp_path / "set", (".png",), "folder")
    assert names(found, tmp_path / "set") == ["a.png", "more/b.png", "more/deep/c.png", "one.png"]
    assert notes == []


@pytest.mark.parametrize("target", [".", "..", "../b"])
def test_loops_of_links_end_and_each_folder_is_read_once(tmp_path: Path, target: str) -> None:
    fill(tmp_path, "set/a/1.png", "set/b/2.png")
    (tmp_path / "set" / "a" / "again").symlink_to(target)
    found, notes = found_below(tmp_path / "set", (".png",), "folder")
    assert names(found, tmp_path / "set") == ["a/1.png", "b/2.png"], "a file keeps its own path"
    assert notes == ["folder: did not enter 1 folder: a/again (it leads to a folder that is read already)."]


def test_many_links_that_cross_cost_no_more_than_the_folders(tmp_path: Path) -> None:
    for i in range(12):
        fill(tmp_path, f"{i}/x.png")
    for i in range(12):
        for j in range(12):
            (tmp_path / str(i) / f"to{j}").symlink_to(tmp_path / str(j))
    found, notes = found_below(tmp_path, (".png",), "folder")
    assert len(found) == 12
    assert notes[0].startswith("folder: did not enter 144 folders: 0/to0 (it leads to a folder")
    assert notes[0].endswith(" and 134 more.")


def test_what_is_no_regular_file_is_named_and_never_opened(tmp_path: Path) -> None:
    fill(tmp_path, "a.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "lost.png").symlink_to("nowhere.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "folder.png").mkdir()
    found, notes = found_below(tmp_path, (".png",), "data 'x'")
    assert names(found, tmp_path) == ["a.png"]
    assert len(notes) == 1 and notes[0].startswith("data 'x': left out 4 that are not regular files: ")
    for said in ("lost.png (a link to nothing)", "pipe.png (a pipe)", "zero.png (a device)", "loop.png ("):
        assert said in notes[0]


def test_a_folder_that_may_not_be_entered_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "a.png", "shut/b.png")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("detente.domains.folders.os.scandir", refuse)  # root, who runs tests here, may enter any
    found, notes = found_below(tmp_path, (".png",), "folder")
    assert names(found, tmp_path) == ["a.png"]
    assert notes == ["folder: did not enter 1 folder: shut (Permission denied)."]


def test_names_that_are_not_utf8_are_found_and_shown_in_characters(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    fill(folder, os.fsdecode(b"\xff.png"), os.fsdecode(b"a.\xfe"), "b\n.txt")
    (folder / os.fsdecode(b"\xfe.png")).symlink_to("nowhere")
    found, notes = found_below(tmp_path, (".png",), "folder")
    assert [os.fsencode(f.name) for f in found] == [b"\xff.png"]
    assert r".\xfe (1)" in notes[0] and r"caf\xe9/\xfe.png (a link to nothing)" in notes[1]
    "".join(notes).encode("utf-8")


@pytest.mark.parametrize(("n", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (12_000, "12,000 files")])
def test_a_number_of_things_is_said_as_one_says_it(n: int, said: str) -> None:
    assert counted(n, "file") == said
