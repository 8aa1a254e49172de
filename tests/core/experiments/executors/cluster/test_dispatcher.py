"""What becomes of cells on a cluster whose nodes do what they like; Ray itself is a stand-in here."""

import os
import signal
from collections import Counter

import pytest

pytest.importorskip("ray", reason="Ray is not installed; `make install-dev` brings it")
import ray
from filelock import FileLock
from ray.exceptions import NodeDiedError, OutOfMemoryError, TaskCancelledError, WorkerCrashedError

from detente.errors import Interrupted, PluginError
from detente.experiments.executors.cluster.dispatcher import TRIES, Dispatcher
from detente.experiments.executors.cluster.nodes import Nodes
from detente.experiments.executors.cluster.remote import Done, Mailbox
from detente.experiments.executors.tracker import Tracker
from detente.results.cells import Cell
from searches import cell

FINISHED = b'{"format": 1, "status": "finished"}'
FAILED = b'{"format": 1, "status": "failed", "error": "It broke."}'


class Method:
    def __init__(self, call):
        self.remote = call


class StandIn:
    """A cluster on which `act` says what becomes of a cell on a node, at its nth attempt."""

    processors = 2

    def __init__(self, act, names="ab"):
        self.act, self.nodes, self.notes = act, Nodes(), []
        self.nodes.alive = {name: name.upper() for name in names}
        self.box = Mailbox()
        self.mailbox = type("", (), {"take": Method(self.box.take), "stop": Method(self.box.stop)})
        self.ran: list[tuple[Cell, str]] = []
        self.attempts: Counter[Cell] = Counter()

    def submit(self, key, cell, files):
        assert not FileLock(cell.lock, timeout=0).is_locked
        may = [node for node in self.nodes.good if node not in self.nodes.not_for(cell)]
        node = may[len(self.ran) % len(may)]
        self.ran.append((cell, node))
        self.attempts[cell] += 1
        number = self.attempts[cell]
        self.box.report(key, node, {})
        return lambda: self.act(cell, node, number)

    def refresh(self):
        pass

    def leave_out(self, node, why):
        self.nodes.unfit[node] = why
        self.notes.append(f"{node} is left out: {why}")


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    def get(what):
        found = what() if callable(what) else what
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(ray, "get", get)
    monkeypatch.setattr(ray, "wait", lambda refs, num_returns, timeout: (refs[:num_returns], refs[num_returns:]))
    monkeypatch.setattr(ray, "cancel", lambda ref: None)


def fly(act, cells, names="ab"):
    cluster, boards = StandIn(act, names), []
    tracker = Tracker(2, boards.append)
    for each in cells:
        tracker.enter(each, 10)
    try:
        Dispatcher(cells, cluster, None, tracker).run()
    finally:
        tracker.show()
    return cluster, boards[-1]


def finished(node):
    return Done(node, files={"run.json": FINISHED})


def test_everything_comes_back_and_nobody_holds_a_lock_afterwards(tmp_path):
    cells = [cell(tmp_path, seed) for seed in range(5)]
    cluster, board = fly(lambda cell, node, n: finished(node), cells)
    assert {each.status for each in cells} == {"finished"}
    assert board.count("finished") == 5
    assert len(cluster.ran) == 5
    for each in cells:
        with FileLock(each.lock, timeout=0):
            pass


def test_one_node_that_always_fails_costs_nothing_but_itself(tmp_path):
    cells = [cell(tmp_path, seed) for seed in range(12)]

    def act(cell, node, n):
        return Done(node, code=1, files={"run.json": FAILED}) if node == "b" else finished(node)

    cluster, board = fly(act, cells)
    assert {each.status for each in cells} == {"finished"}
    assert 3 <= sum(node == "b" for _, node in cluster.ran) <= 6
    assert any("node B is left out: the last 3 cells failed there" in note for note in board.notes)


def test_a_cell_that_fails_wherever_it_is_trained_fails_once_and_for_all(tmp_path):
    cells = [cell(tmp_path, seed) for seed in range(8)]

    def act(cell, node, n):
        return Done(node, code=1, files={"run.json": FAILED}) if cell.seed % 2 else finished(node)

    cluster, board = fly(act, cells)
    assert [each.status for each in cells] == ["finished", "failed"] * 4
    assert Counter(cell.seed % 2 for cell, _ in cluster.ran) == {0: 4, 1: 8}
    assert cluster.nodes.good == ["a", "b"]
    assert board.count("failed") == 4 and "It broke." in board.notes[-1]


@pytest.mark.parametrize("error", [WorkerCrashedError(), OutOfMemoryError("full"), NodeDiedError("gone")])
def test_a_cell_whose_machine_is_lost_goes_on_elsewhere(tmp_path, error):
    one = cell(tmp_path)
    cluster, board = fly(lambda cell, node, n: error if n == 1 else finished(node), [one])
    assert one.status == "finished"
    assert len({node for _, node in cluster.ran}) == 2
    assert type(error).__name__ in board.notes[0] and "from its last checkpoint" in board.notes[0]


def test_a_cell_that_is_lost_again_and_again_fails_unless_it_gets_further(tmp_path):
    stuck, slow = cell(tmp_path, 0), cell(tmp_path, 1)

    def act(cell, node, n):
        if cell is stuck:
            return WorkerCrashedError()
        if n > 3 * TRIES:
            return finished(node)
        return Done(node, code=-9, killed_by="SIGKILL", files={f"checkpoints/step-{n:08d}.pt": b"x"})

    cluster, _ = fly(act, [stuck, slow])
    assert (stuck.status, slow.status) == ("failed", "finished")
    assert f"lost {TRIES} times without a checkpoint" in stuck.info["error"]
    assert Counter(cell.seed for cell, _ in cluster.ran) == {0: TRIES, 1: 3 * TRIES + 1}
    assert len(list(slow.run.checkpoints.iterdir())) == 2


def test_a_node_that_lacks_something_is_not_asked_again_and_the_cell_is_not_to_blame(tmp_path):
    cells = [cell(tmp_path, seed) for seed in range(6)]
    cluster, board = fly(lambda c, node, n: Done(node, unfit="torch differs") if node == "a" else finished(node), cells)
    assert {each.status for each in cells} == {"finished"}
    assert sum(node == "a" for _, node in cluster.ran) <= 2
    assert any("torch differs" in note for note in board.notes)


def test_a_task_that_was_called_off_before_it_began_is_submitted_again(tmp_path):
    one = cell(tmp_path)
    fly(lambda cell, node, n: TaskCancelledError() if n < 5 else finished(node), [one])
    assert one.status == "finished"


def test_what_ends_without_a_word_on_the_only_node_has_failed(tmp_path):
    one = cell(tmp_path)
    fly(lambda cell, node, n: Done(node, code=3), [one], names="a")
    assert one.status == "failed" and "exited with code 3 without a message" in one.info["error"]


def test_a_cell_that_somebody_else_holds_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("detente.experiments.executors.cluster.dispatcher.POLL", 0.01)
    one, lock = cell(tmp_path), FileLock(tmp_path / "0" / ".lock")
    lock.acquire()
    seen: list[str] = []

    class Watch(Tracker):
        def set(self, cell, status):
            super().set(cell, status)
            seen.append(status)
            if seen.count("elsewhere") == 2:
                lock.release()

    tracker = Watch(2, lambda board: None)
    tracker.enter(one, 10)
    Dispatcher([one], StandIn(lambda cell, node, n: finished(node)), None, tracker).run()
    assert seen == ["elsewhere", "elsewhere", "running", "finished"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_has_tasks_stop_and_takes_in_their_checkpoints(tmp_path, monkeypatch, number, code):
    cells = [cell(tmp_path, seed) for seed in range(9)]
    interrupted = b'{"format": 1, "status": "interrupted"}'
    calls: list[int] = []

    def wait(refs, num_returns, timeout):
        calls.append(1)
        if len(calls) == 1:
            os.kill(os.getpid(), number)
            return [], refs
        return refs[:num_returns], refs[num_returns:]

    def act(cell, node, n):
        return Done(node, code=143, files={"run.json": interrupted, "checkpoints/step-00000005.pt": b"x"})

    monkeypatch.setattr(ray, "wait", wait)
    with pytest.raises(Interrupted) as stopped:
        fly(act, cells)
    assert stopped.value.exit_code == code
    assert [each.status for each in cells] == ["interrupted"] * 4 + ["pending"] * 5
    assert all((each.run.checkpoints / "step-00000005.pt").exists() for each in cells[:4])


def test_without_a_node_that_trains_it_waits_and_then_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("detente.experiments.executors.cluster.dispatcher.POLL", 0.01)
    monkeypatch.setattr("detente.experiments.executors.cluster.dispatcher.LOOK", 0.01)
    monkeypatch.setattr("detente.experiments.executors.cluster.dispatcher.PATIENCE", 0.1)
    one, cluster = cell(tmp_path), StandIn(lambda cell, node, n: finished(node))
    cluster.processors = 0
    tracker = Tracker(2, lambda board: None)
    tracker.enter(one, 10)
    with pytest.raises(PluginError, match=r"no node that trains .* the same command goes on"):
        Dispatcher([one], cluster, None, tracker).run()
    assert one.status == "pending"
