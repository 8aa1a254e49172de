"""What a worker process does with its cell."""

import subprocess
import sys

from filelock import FileLock

from detente.experiments.executors.worker import LOCKED, WARM_UP, _WarmUp
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
