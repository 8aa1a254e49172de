"""What runs on a node of a Ray cluster: a task that trains a cell in a folder of its own, and sends it back.

The task itself trains nothing: it begins the same worker as on one machine, forked from a process that has imported
everything and lives as long as Ray keeps the task's process. So a cell is as much by itself as it is there, and one
after the first on a processor costs no imports. When the task's process is killed, the worker notices and ends.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from filelock import Timeout

from detente.domains.cache import cache_folder
from detente.errors import UsageError
from detente.experiments.executors.cluster.nodes import mismatch, versions
from detente.experiments.executors.cluster.shipped import missing, put
from detente.experiments.executors.cluster.transfer import Changes, Files, readdressed, unpack
from detente.experiments.executors.forked import ForkServer, can_fork
from detente.experiments.executors.process import Worker, WorkerProcess
from detente.files import lock
from detente.results.cells import Arm, Cell
from detente.training.run_folder import Run

POLL = 0.05  # seconds between two looks at the worker
REPORT = 2.0  # seconds between two reports, unless they are slow
GRACE = 60.0  # seconds that a worker has to save its checkpoint
_PREFIX = "detente-ray-"
_LEFT = 3600.0  # seconds after which a folder that nobody holds was left by a process that was killed


@dataclass(frozen=True)
class Task:
    """One attempt to train a cell.

    Attributes:
        key: of the attempt.
        folder: of the cell, where the study is.
        place: the current folder there, which paths in the recipe may be relative to.
        files: what is in it.
        versions: what this machine must have, too.
        block: names of plugins that are not loaded.
        shipped: entries of the cache that it may need, with references to what is in them.
        data: a path of the user's own data where the study is, with such an entry that holds a copy of it.
        checked: nodes that are known to have it. What an editable installation there says later, after somebody has
            committed, is no reason to leave them out in the middle of a study.
        gpu: whether it has a GPU, or a share of one.
    """

    key: str
    folder: str
    place: str
    files: Files
    versions: Mapping[str, str]
    block: tuple[str, ...]
    shipped: Mapping[str, Any] = field(default_factory=dict)
    data: tuple[str, str] | None = None
    checked: frozenset[str] = frozenset()
    gpu: bool = False


@dataclass(frozen=True)
class Done:
    """What became of it.

    Attributes:
        node: where it was.
        unfit: why nothing can be trained there, as a part of a sentence.
        code: exit code of the worker.
        killed_by: the name of the signal that ended it.
        files: what has changed in the cell's folder since the last report.
    """

    node: str
    unfit: str = ""
    code: int = 0
    killed_by: str | None = None
    files: Files = field(default_factory=dict)


class Mailbox:
    """Takes reports of running tasks for the study, and tells them when to stop; an actor beside the study."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, dict[str, bytes | None]]] = {}
        self._stopping = False

    def report(self, key: str, node: str, files: Files) -> bool:
        """What is new of an attempt on a node; whether it is to stop."""
        _, known = self._found.setdefault(key, (node, {}))
        known.update(files)
        return self._stopping

    def take(self) -> dict[str, tuple[str, dict[str, bytes | None]]]:
        """What has been reported since the last call, by attempt, with its node."""
        found, self._found = self._found, {}
        return found

    def stop(self) -> None:
        """Have all tasks stop."""
        self._stopping = True


def look(block: Sequence[str]) -> dict[str, str]:
    """The versions of a node."""
    return versions(block)


def train(task: Task, mailbox: Any) -> Done:
    """Train or resume a cell."""
    import ray

    node = str(ray.get_runtime_context().get_node_id())
    if node not in task.checked and (different := mismatch(task.versions, _here(task.block))):
        return Done(node, unfit=different)
    ray.get(mailbox.report.remote(task.key, node, {}))
    if os.path.isdir(task.place):
        os.chdir(task.place)
    for name, there in task.shipped.items():
        if missing(name) and not (task.data and name == task.data[1] and Path(task.data[0]).exists()):
            put(name, ray.get(there))
    with _folder() as folder:
        places = {str(folder): task.folder}
        unpack(task.files, folder)
        if task.data:
            places |= _locate(Run(folder), *task.data)
        cell = Cell("", Arm("", ""), 0, folder)
        changes = Changes(folder)
        changes.take()

        def report() -> Files:
            found = changes.take()
            return {n: readdressed(c, places) if c and n == "run.json" else c for n, c in found.items()}

        for worker in _workers(cell, task):
            try:
                _watch(worker, lambda: bool(ray.get(mailbox.report.remote(task.key, node, report()))))
            finally:
                worker.end()
            if not worker.lost:
                return Done(node, "", worker.code or 0, worker.killed_by, report())
        raise AssertionError("a worker that is a process of its own is never lost")


@cache
def _here(block: tuple[str, ...]) -> dict[str, str]:
    return versions(block)


@cache
def _server(block: tuple[str, ...]) -> ForkServer:
    return ForkServer(block)


def _workers(cell: Cell, task: Task) -> Iterator[Worker]:
    """A forked worker, which a GPU forbids, and one that begins with nothing for where that is lost."""
    if can_fork() and not task.gpu:
        yield _server(task.block).begin(cell)
    yield WorkerProcess(cell, task.block)


def _watch(worker: Worker, report: Any) -> None:
    """Report until the worker has ended; not more often than a tenth of the time goes into it."""
    last, pause, until = time.monotonic(), REPORT / 4, float("inf")
    while worker.code is None and time.monotonic() < until:
        time.sleep(POLL)
        if time.monotonic() - last < pause:
            continue
        began = time.monotonic()
        if report() and until == float("inf"):
            worker.ask_to_stop()
            until = time.monotonic() + GRACE
        last = time.monotonic()
        pause = max(REPORT, 9 * (last - began))


def _locate(run: Run, here: str, entry: str) -> dict[str, str]:
    """Have the run look for the user's data where this machine has them; there → here, for its record."""
    if Path(here).exists():
        return {}
    there = str(cache_folder() / entry / Path(here).name)
    run.expect({**run.identities, "path": there})
    return {there: here}


@contextmanager
def _folder() -> Iterator[Path]:
    """A new folder, gone at the end; what tasks that were killed have left goes, too."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{_PREFIX}*"):
        try:
            if time.time() - left.lstat().st_mtime > _LEFT and os.access(left, os.W_OK) and not left.is_symlink():
                with lock(left / "cell" / ".lock", timeout=0):
                    shutil.rmtree(left, ignore_errors=True)
        except (OSError, Timeout, UsageError):  # somebody else's, or in use
            continue
    place = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        yield place / "cell"
    finally:
        shutil.rmtree(place, ignore_errors=True)
