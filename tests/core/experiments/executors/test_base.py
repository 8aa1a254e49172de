"""What an experiment sees of its executor."""

from filelock import FileLock

from detente.experiments.executors.base import Board, CellProgress, record_failure
from detente.training.run_folder import Run
from searches import cell


def test_what_is_still_to_come_counts_as_pending(tmp_path):
    statuses = ("finished", "running", "pending", "running")
    cells = tuple(CellProgress(cell(tmp_path, i), status, 0, 10) for i, status in enumerate(statuses))
    board = Board(cells, to_come=3, seconds=0.0, seconds_left=None, notes=())
    assert board.total == 4 + 3
    assert [board.count(status) for status in ("finished", "running", "pending", "failed")] == [1, 2, 1 + 3, 0]
    assert board.running == [cells[1], cells[3]]


def test_a_failure_is_recorded_of_a_cell_that_never_began_and_of_one_that_did(tmp_path):
    never, begun = cell(tmp_path, 0), cell(tmp_path, 1)
    Run.create(begun.folder, "steps: 10\n", {})
    begun.run.record({"step": 5})
    for each in (never, begun):
        record_failure(each, "It broke.")
        assert (each.status, each.info["error"]) == ("failed", "It broke.")
    assert begun.info["step"] == 5
    assert never.run.recipe.read_text() == "steps: 10\n"


def test_no_failure_is_recorded_over_a_result_or_while_somebody_else_trains_the_cell(tmp_path):
    done, held = cell(tmp_path, 0), cell(tmp_path, 1)
    for each, status in ((done, "diverged"), (held, "running")):
        Run.create(each.folder, "steps: 10\n", {"status": status})
    record_failure(done, "It broke.")
    with FileLock(held.lock):
        record_failure(held, "It broke.")
    assert (done.status, held.status) == ("diverged", "running")
