"""A worker: a process that trains one cell, and how it is begun without a fork."""

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence

from detente.files import appending
from detente.results.cells import Cell

_STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)  # exit codes of a worker that stopped with a checkpoint
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Of a worker's environment."""


class Worker(ABC):
    """A process that trains a cell.

    Its standard input is a pipe that is never written to. The worker saves a checkpoint and ends when the pipe closes,
    which happens at the latest when our own process ends: so no worker is left training alone.

    Attributes:
        cell: whose folder holds a recipe.yaml.
        lost: why it was never begun, or nobody knows how it ended, as a part of a sentence; empty otherwise.
    """

    cell: Cell
    lost = ""

    @property
    @abstractmethod
    def code(self) -> int | None:
        """Its exit code, negative for the signal that ended it; None while it runs."""

    @property
    def killed_by(self) -> str | None:
        """The name of the signal that ended it; None where none did."""
        code = self.code or 0
        if code >= 0 and code not in _STOPPED:
            return None
        number = -code if code < 0 else code - 128
        try:
            return signal.Signals(number).name
        except ValueError:
            return f"signal {number}"

    @abstractmethod
    def ask_to_stop(self) -> None:
        """Ask for a checkpoint and an end."""

    @abstractmethod
    def end(self) -> None:
        """Kill it, if it still runs, and let go of what we hold of it."""


def blocking(block: Sequence[str]) -> list[str]:
    """The arguments by which a worker does not load these plugins."""
    return [word for name in block for word in ("--no-plugin", name)]


class WorkerProcess(Worker):
    """A worker that begins with nothing, as a command does.

    Args:
        cell: whose folder holds a recipe.yaml.
        block: names of plugins that it must not load.
    """

    def __init__(self, cell: Cell, block: Sequence[str]) -> None:
        self.cell = cell
        with appending(cell.run.log) as log:
            # In a session of its own it does not get the terminal's Ctrl-C: that is the executor's to pass on.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "detente.experiments.executors.worker", str(cell.folder), *blocking(block)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        return self._process.poll()

    def ask_to_stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def end(self) -> None:
        self.ask_to_stop()
        if self.code is None:
            self._process.kill()
        self._process.wait()
