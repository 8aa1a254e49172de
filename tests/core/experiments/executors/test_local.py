"""Worker processes on this machine; they are stand-ins here, which need no time to start."""

import errno
import os
import signal

import pytest
from filelock import FileLock

from detente.cli.progress import _cell
from detente.errors import Interrupted
from detente.experiments.executors.base import Board
from detente.experiments.executors.local import LocalExecutor
from detente.experiments.executors.tracker import Tracker
from detente.experiments.executors.worker import NO_SPACE
from detente.results.cells import Cell
from searches import cell


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Makes a shell script do the workers' work; `$3` is the cell's folder."""

    def become(script: str) -> None:
        path = tmp_path / "stand-in"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr("detente.experiments.executors.process.sys.executable", str(path))

    return become


def train(cells: list[Cell], jobs: int, show=lambda board: None) -> None:
    """What an experiment does with its executor."""
    executor = LocalExecutor(jobs, fork=False)
    tracker = Tracker(executor.slots, show)
    for each in cells:
        tracker.enter(each, 10)
    try:
        executor.run(cells, tracker)
    finally:
        tracker.show()


def test_a_worker_that_is_killed_twice_makes_a_failed_cell(tmp_path, stand_in):
    stand_in("echo once >> $3/count; kill -9 $$")
    lost = cell(tmp_path)
    boards: list[Board] = []
    train([lost], 1, boards.append)
    assert lost.status == "failed"
    assert "killed by SIGKILL 2 times" in lost.info["error"]
    assert (lost.folder / "count").read_text().split() == ["once", "once"]
    assert boards[-1].count("failed") == 1
    assert len(boards[-1].notes) == 2


def test_the_board_shows_how_far_a_warm_up_is(tmp_path, stand_in):
    stand_in(
        "echo '[30, 200]' > $3/warm-up.json; while [ ! -e $3/seen ]; do sleep 0.05; done; rm $3/warm-up.json; exit 3"
    )
    warming = cell(tmp_path)
    shown: list[str] = []

    def look(board: Board) -> None:
        if any(progress.warm_up for progress in board.running):
            shown.append(_cell(board.running[0]))
            (warming.folder / "seen").touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detente.experiments.executors.tracker.SHOW", 0.0)
        train([warming], 1, look)
    assert shown[0] == "warm-up 30/200"


def test_a_worker_that_ends_without_a_word_makes_a_failed_cell(tmp_path, stand_in):
    stand_in("exit 3")
    lost = cell(tmp_path)
    train([lost], 1, lambda board: None)
    assert lost.status == "failed"
    assert "exited with code 3 without a message" in lost.info["error"]


def test_a_full_disk_ends_the_experiment_and_is_no_fault_of_the_cell(tmp_path, stand_in):
    stand_in(f"exit {NO_SPACE}")
    first, second = cell(tmp_path / "a"), cell(tmp_path / "b")
    boards: list[Board] = []
    with pytest.raises(OSError, match=r"No space left on device: '.*a/0'") as full:
        train([first, second], 1, boards.append)
    assert full.value.errno == errno.ENOSPC
    assert (first.status, second.status) == ("pending", "pending")
    assert (boards[-1].count("interrupted"), boards[-1].count("failed")) == (1, 0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_closes_the_workers_input_and_waits_for_their_end(tmp_path, stand_in, number, code):
    stand_in("cat; echo saved > $3/saved; exit 143")
    cells = [cell(tmp_path, seed) for seed in range(3)]

    def stop(board: Board) -> None:
        if len(board.running) == 2:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as stopped:
        train(cells, 2, stop)
    assert stopped.value.exit_code == code
    assert [(c.folder / "saved").exists() for c in cells] == [True, True, False]
    assert signal.getsignal(number) == before


def test_a_cell_that_another_process_holds_is_waited_for(tmp_path, stand_in):
    stand_in('echo \'{"format": 1, "status": "finished"}\' > $3/run.json')
    held = cell(tmp_path)
    lock = FileLock(held.lock)
    lock.acquire()
    seen: list[str] = []

    def show(board: Board) -> None:
        seen.append(board.cells[0].status)
        if seen.count("elsewhere") == 2:
            lock.release()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detente.experiments.executors.tracker.SHOW", 0.0)
        train([held], 1, show)
    assert seen[-1] == "finished"
