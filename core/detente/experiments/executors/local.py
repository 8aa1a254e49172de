"""Trains cells in worker processes on this machine: a few at a time, one thread each, and none that outlives us."""

import errno
import os
import time
from collections import Counter, deque
from collections.abc import Sequence

from filelock import Timeout

from detente.errors import DivergedError, Interrupted, UsageError
from detente.experiments.executors.base import Executor, Watcher, record_failure
from detente.experiments.executors.forked import ForkServer, can_fork
from detente.experiments.executors.process import Worker, WorkerProcess
from detente.experiments.executors.worker import LOCKED, NO_SPACE
from detente.files import lock
from detente.recipe.document import read
from detente.results.cells import SETTLED, Cell
from detente.training.signals import STOP, on_signal

POLL = 0.1  # seconds between two looks at the workers
GRACE = 60.0  # seconds that a worker has to save its checkpoint
TRIES = 2  # of a cell whose worker is killed


def cpus() -> int:
    """CPUs that this process may use."""
    # Linux alone tells which those are.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalExecutor(Executor):
    """Worker processes on this machine.

    On Linux they are forked from one process, so that a cell after the first costs no imports. Elsewhere, on a GPU, and
    where that process cannot be forked, they begin with nothing.

    Args:
        jobs: how many at a time; one per CPU by default.
        block: names of plugins that they must not load.
        fork: False to fork none.

    Raises:
        UsageError: there is not one worker at least.
    """

    def __init__(self, jobs: int | None = None, block: Sequence[str] = (), *, fork: bool = True) -> None:
        if jobs is not None and jobs < 1:
            raise UsageError(f"--jobs {jobs}: at least one worker is needed.")
        self.slots, self._block = jobs or cpus(), block
        self._forks, self._server = fork and can_fork(), None

    def run(self, cells: Sequence[Cell], watcher: Watcher) -> None:
        _Pool(cells, self, watcher).run()

    def begin(self, cell: Cell) -> Worker:
        """A worker that trains a cell."""
        if not self._forks or on_gpu(cell):
            return WorkerProcess(cell, self._block)
        self._server = self._server or ForkServer(self._block)
        return self._server.begin(cell)

    def give_up_forks(self) -> bool:
        """Begin all workers from now on as processes of their own; whether that is news."""
        was, self._forks = self._forks, False
        return was

    def close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None


class _Pool:
    """The cells of one call: those in the queue, and those that a worker trains."""

    def __init__(self, cells: Sequence[Cell], executor: LocalExecutor, watcher: Watcher) -> None:
        self._queue, self._executor, self._watcher = deque(cells), executor, watcher
        self._workers: list[Worker] = []
        self._killed: Counter[Cell] = Counter()
        self._signals: list[int] = []

    def run(self) -> None:
        with on_signal(self._signals.append, *STOP):
            try:
                while self._queue or self._workers:
                    self._collect()
                    self._launch()
                    self._watcher.tick()
                    if self._signals:
                        raise Interrupted(self._signals[0])
                    time.sleep(POLL)
            except BaseException:
                self._stop()
                raise

    def _launch(self) -> None:
        """Fill the free places. A cell that somebody else trains goes to the end of the queue."""
        for _ in range(len(self._queue)):
            if len(self._workers) >= self._executor.slots:
                return
            cell = self._queue.popleft()
            if not _is_free(cell):
                self._queue.append(cell)
                self._watcher.set(cell, "elsewhere")
            elif cell.status in SETTLED:  # somebody else's work, done since we looked
                self._watcher.set(cell, cell.status)
            else:
                self._workers.append(self._executor.begin(cell))
                self._watcher.set(cell, "running")

    def _collect(self) -> None:
        for worker in [worker for worker in self._workers if worker.code is not None]:
            worker.end()
            self._workers.remove(worker)
            self._settle(worker)

    def _settle(self, worker: Worker) -> None:
        """Enter what became of a cell."""
        cell = worker.cell
        if worker.code == LOCKED:
            self._queue.append(cell)
            self._watcher.set(cell, "elsewhere")
            return
        if worker.lost and not self._signals:
            self._queue.appendleft(cell)
            self._watcher.set(cell, "pending")
            if self._executor.give_up_forks():
                self._watcher.note(f"Workers begin as processes of their own, some seconds later each: {worker.lost}")
            return
        if self._signals:  # whatever it came to, the next call finds it in the cell's folder
            pass
        elif worker.code == NO_SPACE:
            self._watcher.set(cell, "interrupted")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(cell.folder))
        elif name := worker.killed_by:
            self._killed[cell] += 1
            if self._killed[cell] < TRIES:
                self._queue.appendleft(cell)
                self._watcher.set(cell, "pending")
                self._watcher.note(f"{cell}: its worker was killed by {name}; it resumes from its last checkpoint")
                return
            memory = f"is there enough memory for {self._executor.slots} of them?"
            record_failure(cell, f"its worker was killed by {name} {TRIES} times; {memory}")
        elif worker.code not in (0, DivergedError.exit_code) and cell.status != "failed":
            record_failure(
                cell, f"its worker exited with code {worker.code} without a message; see {cell.run.log.name}"
            )
        status = cell.status
        self._watcher.set(cell, "interrupted" if status == "running" else status)
        if status == "failed":
            self._watcher.note(f"{cell}: {cell.info.get('error')}")

    def _stop(self) -> None:
        """End all workers: gently, and by force where that does not help, or a second signal comes."""
        for worker in self._workers:
            worker.ask_to_stop()
        force_at = time.monotonic() + GRACE
        for worker in self._workers:
            while worker.code is None and time.monotonic() < force_at and len(self._signals) < 2:
                time.sleep(POLL)
            worker.end()
            self._watcher.set(worker.cell, "interrupted")
        self._workers.clear()


def on_gpu(cell: Cell) -> bool:
    """Whether a cell is to be trained on a GPU, which a fork cannot use."""
    import torch

    return torch.cuda.is_available() and read(cell.run.recipe).get("device", "auto") != "cpu"


def _is_free(cell: Cell) -> bool:
    try:
        with lock(cell.lock, timeout=0):
            return True
    except Timeout:
        return False
