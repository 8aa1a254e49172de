"""What a worker process does with its cell."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from detente.experiments.executors.worker import LOCKED, NO_SPACE, WARM_UP, _WarmUp, train_cell
from detente.recipe import load
from detente.training import checkpoint
from detente.training.run_folder import Run
from searches import cell


def test_a_worker_notes_how_far_its_warm_up_is_now_and_then_and_a_full_disk_does_not_matter(tmp_path):
    note = _WarmUp(tmp_path)
    note(1, 9)
    note(2, 9)  # too soon after the first
    assert (tmp_path / WARM_UP).read_text() == "[1, 9]"
    note.over()
    assert not (tmp_path / WARM_UP).exists()
    _WarmUp(tmp_path / "nowhere")(1, 9)


def test_a_worker_leaves_a_cell_alone_that_another_one_holds(tmp_path):
    held = cell(tmp_path)
    with FileLock(held.lock):
        assert (
            subprocess.run(
                [sys.executable, "-m", "detente.experiments.executors.worker", str(held.folder)], check=False
            ).returncode
            == LOCKED
        )
    # Waiting costs little: what is heavy is imported by whoever has the lock.
    heavy = "import sys, detente.experiments.executors.worker; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", heavy], text=True) == "False\n"


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_interrupts_a_cell_which_goes_on_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    small = ["steps=4", "checkpoint_every=2", "evaluate_every=4", "samples=50", "batch=4", "metrics=[modes]"]
    (tmp_path / "recipe.yaml").write_text(load(domain="ring", sets=small).to_yaml())
    save = checkpoint.save

    def full(path: Path, state: dict[str, Any]) -> None:
        if "4" in path.name:
            raise OSError(error, os.strerror(error), str(path))
        save(path, state)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", full)
        assert train_cell(tmp_path, []) == NO_SPACE
    assert Run(tmp_path).info["status"] == "interrupted"
    assert "step-00000004" in Run(tmp_path).info["error"]
    assert train_cell(tmp_path, []) == 0
    assert (Run(tmp_path).info["status"], Run(tmp_path).info["error"]) == ("finished", None)
