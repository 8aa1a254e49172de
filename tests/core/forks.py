"""What tests of forked workers share: they wait for them."""

import sys
import time

from detente.experiments.executors.process import Worker

PYTHON = sys.executable


def wait_for(condition, seconds: float = 60):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.01)
    return found


def code(worker: Worker) -> int:
    wait_for(lambda: worker.code is not None)
    worker.end()
    assert worker.code is not None
    return worker.code
