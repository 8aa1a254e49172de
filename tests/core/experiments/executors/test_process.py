"""One worker process: how it ends, and how it is asked to."""

import os
import signal
import time

import pytest

from detente.experiments.executors import process as module
from detente.experiments.executors.process import WorkerProcess
from searches import cell


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Makes a shell script do the worker's work; `$3` is the cell's folder."""

    def become(script: str) -> WorkerProcess:
        path = tmp_path / "stand-in"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(module.sys, "executable", str(path))
        return WorkerProcess(cell(tmp_path), ["text", "image"])

    return become


def end(worker: WorkerProcess) -> int:
    until = time.monotonic() + 30
    while worker.code is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    worker.end()
    return worker.code


@pytest.mark.parametrize(
    ("script", "code", "signalled"),
    [
        ("exit 0", 0, None),
        ("exit 4", 4, None),
        ("kill -9 $$", -9, "SIGKILL"),
        ("kill -40 $$", -40, None),
        ("exit 143", 143, "SIGTERM"),
        ("exit 130", 130, "SIGINT"),
    ],
)
def test_an_exit_code_says_whether_a_signal_ended_it(stand_in, script, code, signalled):
    worker = stand_in(script)
    assert end(worker) == code
    if code == -40:
        signalled = signal.Signals(40).name if 40 in set(signal.Signals) else "signal 40"
    assert worker.killed_by == signalled


def test_it_is_told_its_cell_and_what_to_leave_out_and_writes_to_the_cells_log(stand_in):
    worker = stand_in('echo "$@"; echo "$OMP_NUM_THREADS" >&2')
    end(worker)
    said = worker.cell.run.log.read_text().split("\n")
    assert said[0].endswith(f"executors.worker {worker.cell.folder} --no-plugin text --no-plugin image")
    assert said[1] == "1"


def test_closing_its_input_asks_it_to_stop(stand_in):
    worker = stand_in("cat; exit 143")
    assert worker.code is None
    worker.ask_to_stop()
    assert end(worker) == 143


def test_ending_it_kills_what_does_not_listen(stand_in):
    worker = stand_in("trap '' TERM; while :; do sleep 0.1; done")
    worker.end()
    assert worker.killed_by == "SIGKILL"
    worker.end()  # a second time there is nothing to do


def test_it_leads_a_session_of_its_own_so_that_ctrl_c_is_ours_to_pass_on(stand_in):
    worker = stand_in("cat")
    pid = worker._process.pid
    assert os.getsid(pid) == pid != os.getsid(0)
    worker.ask_to_stop()
    end(worker)
