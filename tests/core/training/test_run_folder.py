"""The folder of a run: numbered, and readable after a crash at any moment."""

from pathlib import Path

import pytest

from detente.errors import UsageError
from detente.training.run_folder import RUN_FORMAT, Run, new_folder


def test_folders_are_numbered_after_the_highest_that_there_is(tmp_path: Path) -> None:
    parent = tmp_path / "runs"
    assert new_folder(parent, "ring-none").name == "00001-ring-none"
    (parent / "00007-other").mkdir()
    (parent / "notes").mkdir()
    assert new_folder(parent, "ring-r1").name == "00008-ring-r1"


def test_a_record_keeps_the_entries_that_are_not_changed(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", "domain: ring\n", {"seed": 3})
    run.record({"status": "finished"})
    info = Run.open(tmp_path / "run").info
    assert (info["format"], info["seed"], info["status"]) == (RUN_FORMAT, 3, "finished")
    assert run.recipe.read_text() == "domain: ring\n"
    assert run.checkpoints.is_dir() and run.samples.is_dir()


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert list(run.lines()) == []
    run.metrics.write_text('{"step": 1}\n{"step": 2}\n{"ste')
    assert list(run.lines()) == [{"step": 1}, {"step": 2}]


def test_what_is_no_run_is_refused_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not the folder of a run, a study or a search \(it has no recipe.yaml\)"):
        Run.open(tmp_path)
    run = Run.create(tmp_path, "", {})
    run.record({"format": 99})
    with pytest.raises(UsageError, match=f"has format 99, this version reads {RUN_FORMAT}"):
        Run.open(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(UsageError, match=r"run.json: is not JSON .*; correct it, or delete the file and resume"):
        Run.open(tmp_path)
