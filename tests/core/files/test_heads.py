"""A folder is known by the file at its head, and one of another kind is called by its name."""

import os
from pathlib import Path

import pytest

from detente.errors import UsageError
from detente.files.heads import MANY, begun, head_of, is_export, of_another_kind


def folder(path: Path, *names: str) -> Path:
    path.mkdir(parents=True)
    for name in names:
        (path / name).touch()
    return path


def test_a_folder_with_many_runs_has_one_of_three_files_at_its_head(tmp_path: Path) -> None:
    for name in MANY:
        assert head_of(folder(tmp_path / name, name, "recipe.yaml")) == name
    assert head_of(folder(tmp_path / "run", "recipe.yaml", "run.json")) is None
    assert head_of(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", MANY)
def test_what_stands_in_the_place_of_that_file_is_named(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UsageError, match=f"{name}: is a named pipe, not a file; move it away, and put the file back"):
        head_of(tmp_path)
    assert not begun(tmp_path)


def test_only_what_resume_goes_on_with_has_begun(tmp_path: Path) -> None:
    for name in ("recipe.yaml", *MANY):
        assert begun(folder(tmp_path / name, name))
    assert not begun(folder(tmp_path / "lock", ".lock", "log.txt"))
    export = folder(tmp_path / "export", "recipe.yaml", "model.json")
    assert is_export(export) and not begun(export)


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["study.yaml"], "it is a study"),
        (["tuning.yaml"], "it is a search"),
        (["model.json", "recipe.yaml"], "it is an exported generator"),
        (["recipe.yaml", "run.json"], "it is a run"),
        (["notes.txt"], "it has no selection.yaml"),
    ],
)
def test_a_folder_of_another_kind_is_called_by_its_name(tmp_path: Path, names: list[str], why: str) -> None:
    there = folder(tmp_path / "x", *names)
    said = str(of_another_kind(there, "a selection folder", "selection.yaml", "name the one that choose printed"))
    assert said.startswith(f"{there}: not a selection folder ({why}); name the one that choose printed")


def test_of_a_folder_of_folders_one_is_offered_and_what_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    folder(tmp_path / "runs" / "00001 a", "recipe.yaml", "run.json")
    folder(tmp_path / "runs" / "00002 b", "study.yaml")
    said = [str(of_another_kind(tmp_path / name, "a run", "run.json", "do")) for name in ("runs", "no")]
    assert said[0].endswith(f"name one of those, such as '{tmp_path}/runs/00002 b'.")
    assert said[1] == f"{tmp_path}/no: not a run (there is no such folder); do."
