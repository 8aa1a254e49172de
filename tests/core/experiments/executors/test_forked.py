"""Workers that are forked from one process; what they do is a stand-in's here, so that nobody waits for torch."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from detente.errors import Interrupted
from detente.experiments.executors import forked as module
from detente.experiments.executors.forked import ForkServer
from detente.experiments.executors.local import LocalExecutor
from detente.experiments.executors.tracker import Tracker
from forks import PYTHON, code, wait_for
from searches import cell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")

SERVER = """
import os, sys
from pathlib import Path
from detente.experiments.executors import server
server._EVERYBODY = {everybody}
server.discover = lambda *args, **more: None

def work(arguments):
    folder = Path(arguments[0])
{script}

server.worker.main = work
sys.exit(server.main(sys.argv[3:]))
"""
WATCH = """
    import signal, threading, time
    def watch():
        while os.read(0, 99): pass
        os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=watch, daemon=True).start()
    (folder / 'pid').write_text(str(os.getpid()))
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Makes the server import other modules, and lines of Python do the workers' work in `folder`."""

    def become(script: str, everybody: str = "()") -> None:
        program = tmp_path / "server.py"
        program.write_text(SERVER.format(everybody=everybody, script=script))
        path = tmp_path / "stand-in"
        path.write_text(f'#!/bin/sh\nexec {PYTHON} {program} "$@"\n')
        path.chmod(0o755)
        monkeypatch.setattr(module.sys, "executable", str(path))
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")

    return become


@pytest.fixture
def server(stand_in):
    """Starts a server with a stand-in for its workers."""
    servers: list[ForkServer] = []

    def start(script: str, everybody: str = "()") -> ForkServer:
        stand_in(script, everybody)
        servers.append(ForkServer(["text"]))
        return servers[-1]

    yield start
    for each in servers:
        each.close()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def pid_of(folder: Path) -> int:
    return int(wait_for(lambda: (folder / "pid").exists() and (folder / "pid").read_text()))


def test_it_ends_as_its_worker_does_and_writes_to_the_cells_log(server, tmp_path):
    found = server("    print('said'); sys.stderr.write('too\\n'); exec((folder / 'do').read_text()); return 0")
    ends = {
        "pass": (0, None),
        "sys.exit(4)": (4, None),
        "sys.exit()": (0, None),
        "sys.exit('why')": (1, None),
        "1 / 0": (1, None),
        "os._exit(3)": (3, None),
        "os._exit(143)": (143, "SIGTERM"),
        "os.kill(os.getpid(), 9)": (-9, "SIGKILL"),
        "os.abort()": (-6, "SIGABRT"),
    }
    for seed, (do, (expected, by)) in enumerate(ends.items()):
        one = cell(tmp_path, seed)
        (one.folder / "do").write_text(do)
        worker = found.begin(one)
        assert (code(worker), worker.killed_by, worker.lost) == (expected, by, "")
        text = one.run.log.read_text()
        assert "too" in text
        assert "said" in text or do.startswith("os.")  # else it may still have been in a buffer
        assert ("why" in text) == (do == "sys.exit('why')")
        assert ("ZeroDivisionError" in text) == (do == "1 / 0")


def test_two_run_at_a_time_and_each_is_told_its_own_cell(server, tmp_path):
    found = server(
        "    (folder / 'here').touch()\n    import time\n    while not (folder / 'go').exists(): time.sleep(.01)"
    )
    cells = [cell(tmp_path, seed) for seed in range(3)]
    workers = [found.begin(one) for one in cells]
    wait_for(lambda: all((one.folder / "here").exists() for one in cells))
    (cells[1].folder / "go").touch()
    assert code(workers[1]) == 0
    assert [worker.code for worker in workers] == [None, 0, None]
    for one in cells:
        (one.folder / "go").touch()
    assert [code(worker) for worker in workers] == [0, 0, 0]


def test_closing_its_input_asks_it_to_stop(server, tmp_path):
    found = server(f"{WATCH}    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))\n    time.sleep(60)")
    one = cell(tmp_path)
    worker = found.begin(one)
    pid_of(one.folder)
    assert worker.code is None
    worker.ask_to_stop()
    assert (code(worker), worker.killed_by) == (143, "SIGTERM")


def test_ending_it_kills_what_does_not_listen_and_nobody_else(server, tmp_path):
    found = server(f"{WATCH}    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(60)")
    deaf, other = cell(tmp_path, 0), cell(tmp_path, 1)
    workers = [found.begin(one) for one in (deaf, other)]
    pids = [pid_of(one.folder) for one in (deaf, other)]
    workers[0].end()
    assert workers[0].killed_by == "SIGKILL"
    assert [alive(pid) for pid in pids] == [False, True]
    workers[0].end()  # a second time there is nothing to do
    workers[1].end()


def test_one_can_be_ended_before_its_server_has_imported_anything(server, tmp_path):
    (tmp_path / "sleeps.py").write_text("import time; time.sleep(60)")
    worker = server("    return 0", "('sleeps',)").begin(cell(tmp_path))
    assert worker.code is None
    started = time.monotonic()
    worker.end()
    assert time.monotonic() - started < 30
    assert worker.lost


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", "thread"),
        ("kept = open(__file__)", "keeps .*bad.py open"),
        ("import socket; kept = socket.socket()", "keeps socket:.* open"),
        ("import torch; torch.cuda.is_initialized = lambda: True", "initializes CUDA"),
    ],
)
def test_a_server_that_cannot_be_forked_says_why_and_whose_fault_it_is(server, tmp_path, source, sentence):
    (tmp_path / "bad.py").write_text(source)
    worker = server("    return 0", "('json', 'bad', 'csv')").begin(cell(tmp_path))
    wait_for(lambda: worker.code is not None)
    assert re.search(f"importing bad .*{sentence}", worker.lost), worker.lost


def train(cells, show=lambda board: None, jobs=2):
    executor = LocalExecutor(jobs)
    tracker = Tracker(executor.slots, show)
    for each in cells:
        tracker.enter(each, 10)
    try:
        executor.run(cells, tracker)
    finally:
        executor.close()
        tracker.show()


@pytest.fixture
def spawned(tmp_path, monkeypatch):
    """A stand-in for workers that begin as processes of their own."""
    path = tmp_path / "spawned"
    path.write_text('#!/bin/sh\necho \'{"format": 1, "status": "finished"}\' > $3/run.json\n')
    path.chmod(0o755)
    monkeypatch.setattr("detente.experiments.executors.process.sys", SimpleNamespace(executable=str(path)))


def test_where_nothing_can_be_forked_workers_begin_on_their_own_and_the_study_says_so_once(stand_in, spawned, tmp_path):
    (tmp_path / "bad.py").write_text("kept = open(__file__)")
    stand_in("    (folder / 'forked').touch()", "('bad',)")
    cells, boards = [cell(tmp_path, seed) for seed in range(3)], []
    train(cells, boards.append)
    assert [one.status for one in cells] == ["finished"] * 3
    assert not any((one.folder / "forked").exists() for one in cells)
    (note,) = boards[-1].notes
    assert note.startswith("Workers begin as processes of their own, some seconds later each: importing bad keeps ")


def test_when_the_server_is_killed_its_workers_end_first_and_others_begin_on_their_own(stand_in, spawned, tmp_path):
    stand_in(
        f"{WATCH}    (folder / 'server').write_text(str(os.getppid()))\n"
        "    time.sleep(1)\n    (folder / 'done').touch()"
    )
    cells, boards = [cell(tmp_path, seed) for seed in range(2)], []
    killed: list[int] = []

    def show(board):
        boards.append(board)
        if not killed and (cells[0].folder / "server").exists():
            killed.append(int((cells[0].folder / "server").read_text()))
            os.kill(killed[0], signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detente.experiments.executors.tracker.SHOW", 0.0)
        train(cells, show, jobs=1)
    assert killed
    assert (cells[0].folder / "done").exists()  # it went on to its end, and nobody else began meanwhile
    assert [one.status for one in cells] == ["finished"] * 2
    assert [note.rsplit(": ", 1)[1] for note in boards[-1].notes] == ["the process that forks them was killed"]


@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c_lets_workers_save_and_a_second_one_does_not_wait(stand_in, tmp_path, signals):
    save = "lambda *_: ((folder / 'saved').touch(), os._exit(130))" if signals == 1 else "signal.SIG_IGN"
    stand_in(f"{WATCH}    signal.signal(signal.SIGTERM, {save})\n    time.sleep(60)")
    cells, sent = [cell(tmp_path, seed) for seed in range(3)], []

    def show(board):
        if not sent and all((one.folder / "pid").exists() for one in cells[:2]):
            sent.append(os.kill(os.getpid(), signal.SIGINT))
            if signals == 2:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detente.experiments.executors.tracker.SHOW", 0.0)
        started = time.monotonic()
        with pytest.raises(Interrupted):
            train(cells, show)
    assert time.monotonic() - started < 40
    assert [(one.folder / "saved").exists() for one in cells] == [signals == 1, signals == 1, False]
    assert not any(alive(pid_of(one.folder)) for one in cells[:2])


STUDY = """
import time
from pathlib import Path
from detente.experiments.executors import forked
from detente.results.cells import Arm, Cell
forked.sys.executable = {executable!r}
server = forked.ForkServer([])
print(server._process.pid, flush=True)
worker = server.begin(Cell("pair", Arm("none", "none"), 0, Path({folder!r})))
time.sleep(60)
"""


@pytest.mark.parametrize("moment", ["starting", "importing", "training"])
def test_neither_server_nor_worker_outlives_a_study_that_is_killed(stand_in, tmp_path, moment):
    begun = tmp_path / "begun"
    (tmp_path / "sleeps.py").write_text(f"import time; open({str(begun)!r}, 'w').close(); time.sleep(60)")
    stand_in(f"{WATCH}    time.sleep(60)", "()" if moment == "training" else "('sleeps',)")
    one = cell(tmp_path)
    program = STUDY.format(executable=module.sys.executable, folder=str(one.folder))
    study = subprocess.Popen([PYTHON, "-c", program], stdout=subprocess.PIPE, text=True)
    assert study.stdout is not None
    pids = [int(study.stdout.readline())]
    if moment == "importing":
        wait_for(begun.exists)
    elif moment == "training":
        pids.append(pid_of(one.folder))
    assert all(map(alive, pids))
    study.kill()
    study.communicate()
    wait_for(lambda: not any(map(alive, pids)), 30)
