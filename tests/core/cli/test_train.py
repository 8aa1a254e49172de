"""`train`: what it leaves behind, what it prints, what it refuses."""

import errno
import json
import os
from pathlib import Path

import pytest
import torch

from command_line import DIVERGES, RING, Call


def test_training_leaves_a_complete_run_and_ends_with_report_and_next_command(call: Call) -> None:
    done = call(*RING, "--reg", "r1")
    run = Path("runs/00001-ring-r1")
    assert done.code == 0
    for name in ("recipe.yaml", "run.json", "metrics.jsonl", "log.txt", "report.html", "checkpoints/step-00000020.pt"):
        assert (run / name).is_file(), name
    made = {path.name for path in (run / "samples").iterdir()}
    assert made == {"real.png", "untrained.png", "step-000010.png", "step-000020.png"}
    first, *_, report, sample, export = done.out.splitlines()
    assert first.startswith("runs/00001-ring-r1: finished after 20 steps")
    assert report == "report  runs/00001-ring-r1/report.html"
    assert sample == "next    detente sample runs/00001-ring-r1 -n 16"
    assert export.split() == ["detente", "export", "runs/00001-ring-r1"]
    assert "ring: ring, ring, non-saturating; d:r1; 20 steps of 16, seed 0" in done.err
    assert "step 20/20" in done.err  # the last evaluation
    assert "\x1b" not in done.err


def test_a_run_records_what_it_ran_with(call: Call) -> None:
    call(*RING, "--reg", "r1", "-q")
    info = json.loads(Path("runs/00001-ring-r1/run.json").read_text())
    assert info["status"] == "finished"
    assert info["argv"][:3] == ["detente", "train", "ring"]
    assert info["threads"] == 1
    assert info["device"]["device"] == "cpu"
    assert info["versions"]["torch"] == torch.__version__.partition("+")[0] or "+" in info["versions"]["torch"]
    assert {"detente", "python", "numpy"} <= info["versions"].keys()
    r1 = next(entry for entry in info["plugins"] if entry["kind"] == "regularizer")
    assert (r1["name"], r1["distribution"], r1["plugin"]) == ("r1", "detente", "core")
    assert "commit" in r1
    assert info["timings"].keys() == {"build", "train", "report"}
    assert info["references"].keys() == {"real", "baseline", "untrained"}


def test_the_log_has_the_progress_that_quiet_hides(call: Call) -> None:
    done = call(*RING, "-q", "--folder", "run")
    assert done.err == ""
    assert "$ detente train ring" in Path("run/log.txt").read_text()


def test_a_dry_run_prints_the_recipe_and_writes_nothing(call: Call, tmp_path: Path) -> None:
    done = call(*RING, "--reg", "d:r1(gamma=3)", "-n")
    assert done.code == 0
    assert "r1: {gamma: 3.0" in done.out
    assert list(tmp_path.iterdir()) == []


def test_what_a_dry_run_prints_is_a_recipe_that_says_the_same(call: Call) -> None:
    text = call(*RING, "--reg", "d:r1(gamma=3)", "-n").out
    Path("recipe.yaml").write_text(text)
    assert call("train", "--recipe", "recipe.yaml", "-n").out == text


def test_a_dry_run_says_what_should_be_known_of_the_networks(call: Call) -> None:
    done = call(*RING, "--reg", "l2+dropout+r1", "-n")
    assert done.code == 0
    assert "[l2-under-adam]" in done.err and "[l2-under-adam]" not in done.out


def test_the_last_layer_of_settings_wins(call: Call) -> None:
    Path("recipe.yaml").write_text("domain: ring\nsteps: 7\nbatch: 3\nseed: 5\n")
    said = call(
        "train", "--recipe", "recipe.yaml", "--set", "steps=8", "--steps", 9, "--set", "batch=4", "-n", "--json"
    )
    assert (said.data["steps"], said.data["batch"], said.data["seed"]) == (9, 4, 5)


def test_the_same_command_with_a_folder_goes_on_with_the_run_in_it(call: Call) -> None:
    assert call(*RING, "--folder", "run").code == 0
    written = Path("run/checkpoints/step-00000020.pt").stat().st_mtime_ns
    assert call(*RING, "--folder", "run").code == 0
    assert Path("run/checkpoints/step-00000020.pt").stat().st_mtime_ns == written


def test_a_folder_with_a_run_of_another_recipe_is_refused(call: Call) -> None:
    call(*RING, "--folder", "run", "-q")
    done = call(*RING, "--folder", "run", "--batch", 8, "-q")
    assert done.code == 2
    assert "run: has a run of another recipe: batch is 16 there but 8 here." in done.err


def test_a_report_that_fails_does_not_take_the_run_with_it(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(run: object) -> None:
        raise ZeroDivisionError("no page")

    monkeypatch.setattr("detente.report.run_report", fail)
    done = call(*RING, "--folder", "run")
    assert done.code == 0
    assert (
        "Warning: could not write the report: ZeroDivisionError: no page; try again with `detente report run`"
        in done.err
    )
    assert "Traceback" not in done.err
    assert "Traceback" in Path("run/log.txt").read_text()


def test_every_mistake_of_a_recipe_is_told_at_once(call: Call) -> None:
    Path("recipe.yaml").write_text("domain: ring\nsteps: -1\nbatch: many\nobjective: hing\n")
    done = call("train", "--recipe", "recipe.yaml")
    assert done.code == 2
    assert all(f"recipe.yaml: {key}" in done.err for key in ("steps", "batch", "objective"))


@pytest.mark.parametrize("out", ["file", "file/runs"])
def test_an_output_folder_that_is_a_file_is_refused(call: Call, out: str) -> None:
    Path("file").touch()
    done = call(*RING, "--out", out, "-q")
    assert done.code == 2
    assert done.err == "Error: file: is a file, not a folder. Choose another folder.\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_output_folder_is_refused(call: Call) -> None:
    Path("locked").mkdir(mode=0o500)
    done = call(*RING, "--out", "locked/runs", "-q")
    assert done.code == 2
    assert done.err == "Error: locked/runs: permission denied. Choose another folder.\n"


def test_a_read_only_file_system_is_refused(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    done = call(*RING, "-q")
    assert (done.code, done.err) == (2, "Error: runs: is read-only. Choose another folder.\n")


def test_divergence_ends_with_4_and_keeps_what_was_good(call: Call) -> None:
    done = call(*RING, *DIVERGES, "--folder", "run")
    assert done.code == 4
    assert "is not finite" in done.err
    assert "Traceback" not in done.err
    info = json.loads(Path("run/run.json").read_text())
    assert info["status"] == "diverged"
    assert "is not finite" in info["error"]
    assert "Traceback" in Path("run/log.txt").read_text()
