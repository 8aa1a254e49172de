"""How far an experiment is, and how long it will take."""

import json
from dataclasses import replace

import pytest

from detente.experiments.executors import tracker as module
from detente.experiments.executors.base import Board, CellProgress
from detente.experiments.executors.tracker import Pace, Tracker
from searches import cell


def test_the_time_that_is_left_is_reckoned_domain_by_domain(tmp_path):
    one = cell(tmp_path)
    board = [
        CellProgress(replace(one, domain=domain), status, step, 10)
        for domain, status, step in (("fast", "finished", 10), ("fast", "running", 5), ("slow", "pending", 0))
    ]
    pace = Pace()
    assert pace.left(board, 2) is None
    pace.note("fast", 10, 1.0)
    assert pace.left(board, 2) is None  # nothing is known of the slow ones
    assert pace.left(board[:2], 2) == pytest.approx(5 * 0.1 / 2)
    assert pace.left(board, 1, under_way=[("slow", 5, 50.0)]) == pytest.approx(5 * 0.1 + 10 * 10.0)
    pace.note("slow", 10, 100.0)
    assert pace.left(board, 1) == pytest.approx(5 * 0.1 + 10 * 10.0)
    assert pace.left(board, 1, more=20) == pytest.approx(5 * 0.1 + 10 * 10.0 + 20 * 101 / 20)


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_running_cell_is_followed_by_its_metrics_file(tmp_path, clock):
    one, boards = cell(tmp_path), []
    tracker = Tracker(2, boards.append, ["from the start"])
    tracker.enter(one, 10)
    tracker.begin([one])

    def trained(step: int, **more: float) -> Board:
        with one.run.metrics.open("a") as file:
            file.write(json.dumps({"step": step, **more}) + "\n")
        clock[0] += 2.0
        tracker.tick()
        return boards[-1]

    tracker.tick()
    assert (boards[-1].cells[0].status, boards[-1].seconds_left, boards[-1].notes) == (
        "pending",
        None,
        ("from the start",),
    )
    tracker.set(one, "running")
    first = trained(2)
    assert (first.cells[0].status, first.cells[0].step, first.cells[0].seconds_left) == ("running", 2, None)
    second = trained(4, scaled=0.25)
    # A step takes 1 s since the first was seen; with what came before, too.
    assert (second.cells[0].scaled, second.cells[0].seconds_left, second.seconds_left) == (0.25, 6.0, 6.0)
    tracker.note("something happened")
    tracker.set(one, "finished")
    tracker.show()
    (done,) = boards[-1].cells
    assert (done.status, done.step, done.scaled, done.seconds_left) == ("finished", 4, 0.25, None)
    assert boards[-1].notes == ("from the start", "something happened")
    assert boards[-1].running == []


def test_boards_are_shown_about_once_a_second(tmp_path, clock):
    boards: list[Board] = []
    tracker = Tracker(1, boards.append)
    for tenth in range(25):
        clock[0] = tenth / 10
        tracker.tick()
    assert [board.seconds for board in boards] == [0.0, 1.0, 2.0]


def test_cells_that_are_still_to_come_are_counted_as_pending_and_take_time(tmp_path, clock):
    cells = [cell(tmp_path, seed) for seed in range(2)]
    boards: list[Board] = []
    tracker = Tracker(4, boards.append)
    for each in cells:
        tracker.enter(each, 10)
    tracker.begin(cells)
    tracker.to_come = 3
    tracker.set(cells[0], "running")
    cells[0].run.metrics.write_text('{"step": 5}\n')
    clock[0] = 5.0
    tracker.show()
    (board,) = boards
    assert (len(board.cells), board.total, board.count("pending"), board.count("running")) == (2, 5, 4, 1)
    # Two at a time, as many as there are in this batch: half a cell, one and three more of 10 s each.
    assert board.seconds_left == pytest.approx((5 + 10 + 30) / 2)


def test_what_a_killed_worker_left_as_running_is_pending_until_somebody_trains_it(tmp_path):
    one = cell(tmp_path)
    (one.folder / "run.json").write_text('{"status": "running"}')
    boards: list[Board] = []
    tracker = Tracker(1, boards.append)
    tracker.enter(one, 10)
    tracker.show()
    assert boards[0].cells[0].status == "pending"
