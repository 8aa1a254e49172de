"""Worker processes for the cells of a study: a few at a time, one thread each, and none that outlives the study."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from filelock import FileLock, Timeout

from detente.errors import DivergedError, Interrupted
from detente.experiments.executors.worker import LOCKED, WARM_UP
from detente.results.cells import SETTLED, Cell
from detente.training.run_folder import Run

POLL = 0.1  # seconds between two looks at the workers
SHOW = 1.0  # seconds between two boards
GRACE = 60.0  # seconds that a worker has to save its checkpoint
TRIES = 2  # of a cell whose worker is killed
_BY_SIGNAL = (128 + signal.SIGINT, 128 + signal.SIGTERM)  # exit codes of a worker that stopped with a checkpoint
_TAIL = 8192  # bytes at the end of a metrics file that are read for a board

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Progress:
    """How far a cell is.

    Attributes:
        status: `pending`, `running`, `elsewhere` (another process holds it), `finished`, `diverged`, `failed` or
            `interrupted`.
        scaled: the scaled score of the last evaluation.
        seconds_left: of a running cell, where its speed is known.
        warm_up: how much of its warm-up is done, and of how much, while that lasts.
    """

    cell: Cell
    status: str
    step: int
    steps: int
    scaled: float | None = None
    seconds_left: float | None = None
    warm_up: tuple[int, int] | None = None


@dataclass(frozen=True)
class Board:
    """A study at one moment, for a display.

    Attributes:
        cells: every cell, in the order of the study.
        seconds: since the call began.
        seconds_left: a guess for all of them together, once a worker's speed is known.
        notes: what a person should know, the newest last.
    """

    cells: tuple[Progress, ...]
    seconds: float
    seconds_left: float | None
    notes: tuple[str, ...]

    def count(self, status: str) -> int:
        """How many cells have a status."""
        return sum(progress.status == status for progress in self.cells)

    @property
    def running(self) -> list[Progress]:
        return [progress for progress in self.cells if progress.status == "running"]


class Pace:
    """How long steps and all that goes with them take, domain by domain."""

    def __init__(self) -> None:
        self._steps: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def note(self, domain: str, steps: int, seconds: float) -> None:
        """Some worker made `steps` in `seconds`."""
        self._steps[domain] += steps
        self._seconds[domain] += seconds

    def left(self, board: Sequence[Progress], at_once: int) -> float | None:
        """Seconds until the last cell is done; a domain of which no step was seen is taken for the mean of others."""
        if not self._steps:
            return None
        mean = sum(self._seconds.values()) / self._steps.total()
        of = {domain: self._seconds[domain] / steps for domain, steps in self._steps.items()}
        todo = [p for p in board if p.status in ("pending", "running")]
        return sum((p.steps - p.step) * of.get(p.cell.domain, mean) for p in todo) / at_once


class _Worker:
    """A process that trains a cell."""

    def __init__(self, cell: Cell, step: int, block: Sequence[str]) -> None:
        self.cell = cell
        self.seen_step, self.seen_at = step, time.monotonic()
        self.first_step, self.first_at = step, 0.0  # of the first look at which it trained
        blocked = [word for name in block for word in ("--no-plugin", name)]
        with cell.run.log.open("ab") as log:
            # In a session of its own it does not get the terminal's Ctrl-C: that is the study's to pass on.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "detente.experiments.executors.worker", str(cell.folder), *blocked],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **_ONE_THREAD},
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask for a checkpoint and an end."""
        assert self.process.stdin is not None
        self.process.stdin.close()


class Pool:
    """Trains cells until none is left to train.

    Args:
        cells: each with the number of its steps.
        jobs: how many workers at a time.
        block: names of plugins that workers must not load.
        show: called with a board about once a second.
        notes: what the boards say from the start.
        tell: called with `detente_cell_started` and `detente_cell_finished`, and the cell.
    """

    def __init__(
        self,
        cells: Sequence[tuple[Cell, int]],
        jobs: int,
        block: Sequence[str],
        show: Callable[[Board], None],
        notes: Sequence[str] = (),
        tell: Callable[[str, Cell], None] = lambda hook, cell: None,
    ) -> None:
        self._tell = tell
        self._jobs, self._block, self._show = jobs, block, show
        self._board = {cell: _look(Progress(cell, cell.status, 0, steps)) for cell, steps in cells}
        # What a killed worker left as running is running only if somebody holds its lock, which comes out below.
        self._queue = deque(cell for cell, progress in self._board.items() if progress.status not in SETTLED)
        for cell in self._queue:
            self._board[cell] = replace(self._board[cell], status="pending")
        self._workers: list[_Worker] = []
        self._killed: Counter[Cell] = Counter()
        self._notes = list(notes)
        self._pace = Pace()
        self._signal: int | None = None
        self._impatient = False  # a second signal came
        self._started = time.monotonic()

    def run(self) -> None:
        """Train all of them; returns when every cell is finished, diverged or failed.

        Raises:
            Interrupted: SIGINT or SIGTERM came. The workers have saved their checkpoints; a second signal kills them.
        """
        shown = -SHOW
        with self._signals():
            try:
                while self._queue or self._workers:
                    self._collect()
                    self._launch()
                    if time.monotonic() - shown >= SHOW:
                        self._report()
                        shown = time.monotonic()
                    if self._signal is not None:
                        raise Interrupted(self._signal)
                    time.sleep(POLL)
            except BaseException:
                self._stop()
                raise
            finally:
                self._report()

    def _launch(self) -> None:
        """Fill the free places. A cell that somebody else trains goes to the end of the queue."""
        for _ in range(len(self._queue)):
            if len(self._workers) >= self._jobs:
                return
            cell = self._queue.popleft()
            if self._is_free(cell):
                if cell.status in SETTLED:  # somebody else's work, done since we looked
                    self._board[cell] = _look(replace(self._board[cell], status=cell.status))
                    continue
                self._workers.append(_Worker(cell, self._board[cell].step, self._block))
                self._board[cell] = replace(self._board[cell], status="running")
                self._tell("detente_cell_started", cell)
            else:
                self._queue.append(cell)
                self._board[cell] = _look(replace(self._board[cell], status="elsewhere"))

    def _is_free(self, cell: Cell) -> bool:
        try:
            with FileLock(cell.lock, timeout=0):
                return True
        except Timeout:
            return False

    def _collect(self) -> None:
        for worker in [worker for worker in self._workers if worker.process.poll() is not None]:
            worker.stop()
            self._look_after(worker)
            self._workers.remove(worker)
            self._settle(worker.cell, worker.process.returncode)

    def _settle(self, cell: Cell, code: int) -> None:
        """Enter what became of a cell, from the exit code of its worker."""
        self._enter(cell, code)
        self._tell("detente_cell_finished", cell)

    def _enter(self, cell: Cell, code: int) -> None:
        if code == LOCKED:
            self._queue.append(cell)
            self._board[cell] = replace(self._board[cell], status="elsewhere")
            return
        if self._signal is not None:  # whatever it came to, the next call finds it in the cell's folder
            pass
        elif code < 0 or code in _BY_SIGNAL:
            self._killed[cell] += 1
            name = _name(-code if code < 0 else code - 128)
            if self._killed[cell] < TRIES:
                self._queue.appendleft(cell)
                self._notes.append(f"{cell}: its worker was killed by {name}; it goes on from its last checkpoint")
                return
            _fail(
                cell, f"its worker was killed by {name} {TRIES} times; is there enough memory for {self._jobs} of them?"
            )
        elif code not in (0, DivergedError.exit_code) and cell.status != "failed":
            _fail(cell, f"its worker ended with exit code {code} and said no more; see {cell.run.log.name}")
        self._board[cell] = _look(replace(self._board[cell], status=cell.status))
        if self._board[cell].status == "failed":
            self._notes.append(f"{cell}: {cell.info.get('error')}")

    def _stop(self) -> None:
        """End all workers: gently, and by force where that does not help."""
        for worker in self._workers:
            worker.stop()
        force_at = time.monotonic() + GRACE
        for worker in self._workers:
            while worker.process.poll() is None and time.monotonic() < force_at and not self._impatient:
                time.sleep(POLL)
            if worker.process.poll() is None:
                worker.process.kill()
            worker.process.wait()
            self._board[worker.cell] = _look(replace(self._board[worker.cell], status="interrupted"))
            self._tell("detente_cell_finished", worker.cell)
        self._workers.clear()

    def _report(self) -> None:
        for worker in self._workers:
            self._look_after(worker)
        board = tuple(self._board.values())
        at_once = min(self._jobs, max(1, len(self._queue) + len(self._workers)))
        left = self._pace.left(board, at_once)
        self._show(Board(board, time.monotonic() - self._started, left, tuple(self._notes)))

    def _look_after(self, worker: _Worker) -> None:
        """Bring the board up to date with a worker, and what is known of how long steps take."""
        progress, now = _look(self._board[worker.cell]), time.monotonic()
        progress = replace(progress, warm_up=_warm_up(worker.cell))
        made = progress.step - worker.seen_step
        if made > 0:
            self._pace.note(worker.cell.domain, made, now - worker.seen_at)
            worker.seen_step, worker.seen_at = progress.step, now
            if not worker.first_at:
                worker.first_step, worker.first_at = progress.step, now
        if progress.step > worker.first_step and worker.first_at:
            speed = (now - worker.first_at) / (progress.step - worker.first_step)
            progress = replace(progress, seconds_left=speed * (progress.steps - progress.step))
        self._board[worker.cell] = progress

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def note(number: int, frame: FrameType | None) -> None:
            self._impatient = self._signal is not None
            self._signal = self._signal or number

        if threading.current_thread() is not threading.main_thread():  # whoever runs it there handles signals
            yield
            return
        before: dict[Any, Any] = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _look(progress: Progress) -> Progress:
    """Bring step and score up to date from the end of the cell's metrics file."""
    step, scaled = progress.step, progress.scaled
    try:
        with progress.cell.run.metrics.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            end = file.read()
    except OSError:  # not there yet
        return progress
    for text in end.splitlines():
        with suppress(ValueError):  # the first line that was read may be the end of one, the last the start
            line = json.loads(text)
            step, scaled = line["step"], line.get("scaled", scaled)
    return replace(progress, step=step, scaled=scaled)


def _warm_up(cell: Cell) -> tuple[int, int] | None:
    try:
        done, of = json.loads((cell.folder / WARM_UP).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):  # none, or half written
        return None
    return done, of


def _fail(cell: Cell, reason: str) -> None:
    """Say in the folder of a cell that it failed, unless somebody else trains it by now or has finished it."""
    with suppress(Timeout), FileLock(cell.lock, timeout=0):
        if cell.status in SETTLED:
            return
        if not cell.info:
            Run.create(cell.folder, cell.run.recipe.read_text(encoding="utf-8"), {})
        cell.run.record({"status": "failed", "error": reason})


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
