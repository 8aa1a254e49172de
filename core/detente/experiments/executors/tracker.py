"""How far an experiment is, and how long it will take: from what an executor tells, and from the cells' folders."""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from detente.errors import UsageError
from detente.experiments.executors.base import Board, CellProgress, ShowBoard, Watcher
from detente.experiments.executors.worker import WARM_UP
from detente.files import read_json, regular
from detente.results.cells import SETTLED, Cell
from detente.training.run_folder import entry_of

SHOW = 1.0  # seconds between two boards
_TAIL = 8192  # bytes at the end of a metrics file that are read for a board


MEASURED = 0.25
"""Share of its steps after which a running cell says how long such cells take; before, its start weighs too much."""


class Pace:
    """How long steps and all that goes with them take, start-up and evaluations included, domain by domain."""

    def __init__(self) -> None:
        self._steps: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def note(self, domain: str, steps: int, seconds: float) -> None:
        """A cell made `steps` in `seconds`, from its start."""
        self._steps[domain] += steps
        self._seconds[domain] += seconds

    def left(
        self,
        board: Sequence[CellProgress],
        at_once: int,
        more: int = 0,
        under_way: Sequence[tuple[str, int, float]] = (),
    ) -> float | None:
        """Seconds until the last cell is done; None until a cell of each domain that is not done was measured.

        Args:
            board: all cells.
            at_once: how many of them run at a time.
            more: steps of cells that are not on the board yet.
            under_way: of running cells that have come far enough domain, steps and seconds.
        """
        steps, seconds = self._steps.copy(), dict(self._seconds)
        for domain, made, took in under_way:
            steps[domain] += made
            seconds[domain] = seconds.get(domain, 0.0) + took
        todo = [p for p in board if p.status in ("pending", "running")]
        if not steps or any(p.cell.domain not in steps for p in todo):
            return None
        mean = sum(seconds.values()) / steps.total()
        return (sum((p.steps - p.step) * seconds[p.cell.domain] / steps[p.cell.domain] for p in todo) + more * mean) / (
            at_once
        )


@dataclass
class _Speed:
    """Of a running cell: where and when it started here, and when it was first seen to have trained."""

    started_step: int
    started_at: float
    first: tuple[int, float] | None = None


class Tracker(Watcher):
    """Keeps the board of an experiment.

    Args:
        slots: how many cells are trained at a time.
        show: called with a board about once a second.
        notes: what the boards say from the start.
        tell: called with `detente_cell_started` and `detente_cell_finished`, and the cell.

    Attributes:
        to_come: how many more cells there will be at most, beside those that have been entered.
    """

    def __init__(
        self,
        slots: int,
        show: ShowBoard,
        notes: Sequence[str] = (),
        tell: Callable[[str, Cell], object] = lambda hook, cell: None,
    ) -> None:
        self._slots, self._show, self._tell = slots, show, tell
        self._cells: dict[Cell, CellProgress] = {}
        self._running: dict[Cell, _Speed] = {}
        self._notes = list(notes)
        self._pace = Pace()
        self._began = time.monotonic()
        self._shown = float("-inf")
        self._batch = 0
        self.to_come = 0

    def enter(self, cell: Cell, steps: int) -> None:
        """A cell that is to be trained, or was.

        One that a killed worker left as running is running only if somebody holds its lock, which comes out later.
        """
        status = cell.status if cell.status in SETTLED else "pending"
        self._cells[cell] = _look(CellProgress(cell, status, 0, steps))

    def begin(self, cells: Sequence[Cell]) -> None:
        """These are handed to the executor."""
        self._batch = len(cells)

    def set(self, cell: Cell, status: str) -> None:
        progress = self._cells[cell]
        event = None
        if status == "running":
            self._running.setdefault(cell, _Speed(progress.step, time.monotonic()))
            event = "detente_cell_started"
        elif cell in self._running:
            progress = self._measure(cell)
            speed = self._running.pop(cell)
            if progress.step > speed.started_step:
                self._pace.note(cell.domain, progress.step - speed.started_step, time.monotonic() - speed.started_at)
            event = "detente_cell_finished"
        self._cells[cell] = _look(replace(progress, status=status, seconds_left=None, warm_up=None))
        if event:
            self._tell(event, cell)

    def note(self, text: str) -> None:
        self._notes.append(text)

    def tick(self) -> None:
        if time.monotonic() - self._shown >= SHOW:
            self.show()

    def show(self) -> None:
        """Bring the board up to date, and show it."""
        self._shown = time.monotonic()
        for cell in self._running:
            self._cells[cell] = self._measure(cell)
        cells = tuple(self._cells.values())
        steps = max((p.steps for p in cells), default=0)
        pending = self._batch if self.to_come else sum(p.status in ("pending", "running", "elsewhere") for p in cells)
        at_once = max(1, min(self._slots, pending))
        left = self._pace.left(cells, at_once, self.to_come * steps, [*self._under_way()])
        self._show(Board(cells, self.to_come, time.monotonic() - self._began, left, tuple(self._notes)))

    def _under_way(self) -> Iterator[tuple[str, int, float]]:
        """What running cells that have come far enough say of how long steps take."""
        for cell, speed in self._running.items():
            progress = self._cells[cell]
            made = progress.step - speed.started_step
            if made > 0 and made >= MEASURED * (progress.steps - speed.started_step):
                yield cell.domain, made, self._shown - speed.started_at

    def _measure(self, cell: Cell) -> CellProgress:
        """How far a running cell is by now."""
        speed, now = self._running[cell], time.monotonic()
        progress = replace(_look(self._cells[cell]), warm_up=_warm_up(cell))
        if progress.step > speed.started_step:
            speed.first = speed.first or (progress.step, now)
        if speed.first and progress.step > speed.first[0]:
            step, at = speed.first
            each = (now - at) / (progress.step - step)
            progress = replace(progress, seconds_left=each * (progress.steps - progress.step))
        return progress


def _look(progress: CellProgress) -> CellProgress:
    """Bring step and score up to date from the end of the cell's metrics file."""
    step, scaled = progress.step, progress.scaled
    try:
        with regular(progress.cell.run.metrics).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            end = file.read()
    except (OSError, UsageError):  # not there yet, or damaged, which its worker says
        return progress
    for text in end.splitlines():
        if (line := entry_of(text)) is not None:  # the first line that was read may be the end of one
            step, scaled = line["step"], line.get("scaled", scaled)
    return replace(progress, step=step, scaled=scaled)


def _warm_up(cell: Cell) -> tuple[int, int] | None:
    try:
        match read_json(cell.folder / WARM_UP):
            case [int(done), int(of)]:
                return done, of
    except UsageError:  # none
        pass
    return None
