"""The cells of one call on a Ray cluster: those in the queue, and those that are under way."""

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout

from detente.errors import DivergedError, Interrupted, PluginError, one_line
from detente.experiments.executors.base import Watcher, record_failure
from detente.experiments.executors.cluster.cluster import Cluster
from detente.experiments.executors.cluster.nodes import MOST
from detente.experiments.executors.cluster.remote import GRACE, Done
from detente.experiments.executors.cluster.transfer import OURS, Changes, unpack
from detente.experiments.executors.worker import NO_SPACE
from detente.files import lock
from detente.results.cells import SETTLED, Cell
from detente.training.checkpoint import prune
from detente.training.signals import STOP, on_signal

POLL = 0.1  # seconds for which a finished task is waited for at a time
MAIL = 1.0  # seconds between two looks at what running tasks report
LOOK = 5.0  # seconds between two looks at the cluster's nodes
PATIENCE = 600.0  # seconds without a node
TRIES = 3  # of a cell that is lost again and again, without a checkpoint in between


@dataclass
class _Submission:
    """A cell that has been submitted; `node` is where it runs, once it does."""

    key: str
    cell: Cell
    held: FileLock
    node: str = ""


class Dispatcher:
    """Has cells trained, each as often as its machines are lost.

    Args:
        cells: whose folders hold a recipe.yaml.
        cluster: where.
        jobs: how many at a time at most; by default enough that no processor waits for the next.
        watcher: is told of all that happens.
    """

    def __init__(self, cells: Sequence[Cell], cluster: Cluster, jobs: int | None, watcher: Watcher) -> None:
        self._queue, self._cluster, self._jobs, self._watcher = deque(cells), cluster, jobs, watcher
        self._submissions: dict[Any, _Submission] = {}
        self._lost: Counter[Cell] = Counter()
        self._attempts: Counter[Cell] = Counter()
        self._out: set[str] = {*self._cluster.nodes.quarantined}
        self._signals: list[int] = []
        self._read = self._looked = self._had = time.monotonic()

    def run(self) -> None:
        """Return when each cell is finished, diverged or failed.

        Raises:
            Interrupted: a signal came; checkpoints have come back.
        """
        with on_signal(self._signals.append, *STOP):
            try:
                while self._queue or self._submissions:
                    self._launch()
                    self._collect()
                    if time.monotonic() - self._looked >= LOOK:
                        self._look()
                    self._tell()
                    self._watcher.tick()
                    if self._signals:
                        raise Interrupted(self._signals[0])
            except BaseException:
                self._stop()
                raise

    def _launch(self) -> None:
        """Submit cells. One that somebody else trains goes to the end of the queue."""
        most = 2 * self._cluster.processors
        for _ in range(len(self._queue)):
            if len(self._submissions) >= min(most, self._jobs or most):
                return
            cell = self._queue.popleft()
            held = lock(cell.lock, timeout=0)
            try:
                held.acquire()
            except Timeout:
                self._queue.append(cell)
                self._watcher.set(cell, "elsewhere")
                continue
            if cell.status in SETTLED:  # somebody else's work, done since we looked
                held.release()
                self._watcher.set(cell, cell.status)
                continue
            self._attempts[cell] += 1
            key = f"{cell.folder}#{self._attempts[cell]}"
            try:
                ref = self._cluster.submit(key, cell, Changes(cell.folder).take())
            except BaseException:
                held.release()
                raise
            self._submissions[ref] = _Submission(key, cell, held)

    def _collect(self) -> None:
        """Take in what has come back, and now and then what is reported on the way."""
        import ray

        done: list[Any] = []
        if self._submissions:
            done, _ = ray.wait([*self._submissions], num_returns=1, timeout=POLL)
            if done:  # more that are ready, without waiting
                done, _ = ray.wait([*self._submissions], num_returns=len(self._submissions), timeout=0)
        else:
            time.sleep(POLL)
        if done or time.monotonic() - self._read >= MAIL:
            self._read_mail()
        for ref in done:
            self._settle(ref, self._submissions.pop(ref))

    def _read_mail(self) -> None:
        import ray

        self._read = time.monotonic()
        submissions = {submission.key: submission for submission in self._submissions.values()}
        found: dict[str, Any] = ray.get(self._cluster.mailbox.take.remote())
        for key, (node, files) in found.items():
            if submission := submissions.get(key):
                self._began(submission, node)
                self._keep(submission.cell, files)

    def _began(self, submission: _Submission, node: str) -> None:
        if not submission.node:
            submission.node = node
            self._watcher.set(submission.cell, "running")

    def _keep(self, cell: Cell, files: Mapping[str, bytes | None]) -> None:
        """Write what came back of a cell into its folder."""
        unpack(files, cell.folder, OURS)
        if any(name.startswith("checkpoints/") for name in files):
            prune(cell.run.checkpoints)
            self._lost.pop(cell, None)

    def _settle(self, ref: Any, submission: _Submission) -> None:
        """Enter what became of a cell."""
        import ray
        from ray.exceptions import RayError, TaskCancelledError

        done: Done
        found: Done | Exception
        try:
            found = done = ray.get(ref)
            if not done.unfit:
                self._began(submission, done.node)
                self._keep(submission.cell, done.files)
        except RayError as error:
            found = error
        finally:
            submission.held.release()  # what is recorded below takes the lock itself
        if isinstance(found, TaskCancelledError):  # before it began, so that it goes to another node
            self._again(submission)
        elif isinstance(found, Exception):
            self._lose(submission, _why(found))
        else:
            self._enter(submission, found)

    def _enter(self, submission: _Submission, done: Done) -> None:
        """The same for a task that came to its end."""
        cell, nodes = submission.cell, self._cluster.nodes
        if done.unfit:
            self._cluster.leave_out(done.node, done.unfit)
            self._again(submission)
            return
        if self._signals:  # whatever it came to, the next call finds it in the cell's folder
            pass
        elif done.killed_by:
            self._lose(submission, f"its worker was killed by {done.killed_by}")
            return
        elif done.code in (0, DivergedError.exit_code):
            nodes.succeeded(done.node)
        else:
            if cell.status != "failed":
                code = f"exited with code {done.code} without a message"
                why = f"found no space on the disk of {self._name(done.node)}" if done.code == NO_SPACE else code
                record_failure(cell, f"its worker {why}; see {cell.run.log.name}")
            if nodes.failed(done.node, cell):
                self._again(submission, f"failed on node {self._name(done.node)} ({cell.info.get('error')})")
                return
        status = cell.status
        self._watcher.set(cell, "interrupted" if status == "running" else status)
        if status == "failed":
            self._watcher.note(f"{cell}: {cell.info.get('error')}")

    def _lose(self, submission: _Submission, why: str) -> None:
        """A cell's task, or the node that it was on, came to an end before the cell did."""
        cell = submission.cell
        self._lost[cell] += 1
        if submission.node in self._cluster.nodes.alive:
            self._cluster.nodes.lost(submission.node, cell)
        if self._signals or self._lost[cell] < TRIES:
            self._again(submission, why)
            return
        record_failure(cell, f"it was lost {TRIES} times without a checkpoint in between, the last time because {why}")
        self._began(submission, submission.node or "unknown")
        self._watcher.set(cell, "failed")
        self._watcher.note(f"{cell}: {cell.info.get('error')}")

    def _again(self, submission: _Submission, why: str = "") -> None:
        """Put a cell back, before all others."""
        self._queue.appendleft(submission.cell)
        self._watcher.set(submission.cell, "pending")
        if why:
            self._watcher.note(f"{submission.cell}: {why}; it goes on elsewhere from its last checkpoint")

    def _look(self) -> None:
        self._looked = time.monotonic()
        before = self._cluster.processors
        self._cluster.refresh()
        if self._cluster.processors:
            self._had = self._looked
            return
        if before:
            self._watcher.note("The Ray cluster has no node now that trains; waiting for one.")
        if self._looked - self._had > PATIENCE:
            raise PluginError(
                f"The Ray cluster has had no node that trains for {PATIENCE / 60:.0f} minutes. Nothing is lost: the "
                "same command goes on when there is one."
            )

    def _tell(self) -> None:
        """Say what is new of the nodes; cells that wait for one that is left out by now go elsewhere."""
        import ray

        nodes = self._cluster.nodes
        out = {*nodes.quarantined, *nodes.unfit}
        for node in sorted({*nodes.quarantined} - self._out):
            self._watcher.note(f"node {self._name(node)} is left out: the last {MOST} cells failed there")
        for node in sorted({*nodes.good} & self._out):
            self._watcher.note(f"node {self._name(node)} is used again: what failed there failed elsewhere, too")
        if out - self._out:
            for ref in [ref for ref, submission in self._submissions.items() if not submission.node]:
                ray.cancel(ref)
        if out != self._out:
            self._cluster.refresh()
        self._out = out
        for note in self._cluster.notes:
            self._watcher.note(note)
        self._cluster.notes.clear()

    def _name(self, node: str) -> str:
        return self._cluster.nodes.alive.get(node, node[:8])

    def _stop(self) -> None:
        """Have all tasks stop, and take in their checkpoints, unless that takes long or we are asked again."""
        import ray
        from ray.exceptions import RayError

        self._signals = self._signals or [0]
        until = time.monotonic() + GRACE
        with suppress(RayError):
            ray.get(self._cluster.mailbox.stop.remote())
            for ref in [ref for ref, submission in self._submissions.items() if not submission.node]:
                ray.cancel(ref)
            while self._submissions and time.monotonic() < until and len(self._signals) < 2:
                self._collect()
        for submission in self._submissions.values():
            submission.held.release()
            self._watcher.set(submission.cell, "interrupted")
        self._submissions.clear()


def _why(error: Exception) -> str:
    """The name of what went wrong in Ray, and what it says first."""
    return f"of {type(error).__name__}: {one_line(error)[:200]}"
