"""The interface of an executor, which trains the cells of an experiment."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from filelock import Timeout

from detente.files import lock
from detente.results.cells import SETTLED, Cell


@dataclass(frozen=True)
class CellProgress:
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
    """An experiment at one moment, for a display.

    Attributes:
        cells: every cell that is known, in order.
        to_come: how many more there will be at most, once it is known which.
        seconds: since the call began.
        seconds_left: an estimate for all of them together, once a cell's speed is known.
        notes: what a person should know, the newest last.
    """

    cells: tuple[CellProgress, ...]
    to_come: int
    seconds: float
    seconds_left: float | None
    notes: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many cells there are, with those to come."""
        return len(self.cells) + self.to_come

    def count(self, status: str) -> int:
        """How many cells have a status; what is still to come is pending."""
        return sum(progress.status == status for progress in self.cells) + (self.to_come if status == "pending" else 0)

    @property
    def running(self) -> list[CellProgress]:
        return [progress for progress in self.cells if progress.status == "running"]


ShowBoard = Callable[[Board], None]


class Watcher(ABC):
    """What an executor reports while it works; the progress of a cell is read from its folder."""

    @abstractmethod
    def set(self, cell: Cell, status: str) -> None:
        """A cell has another status from now on."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Something happened that the user should know."""

    @abstractmethod
    def tick(self) -> None:
        """Some time has passed: to be called several times a second."""


class Executor(ABC):
    """A way to train cells: here in worker processes, on a cluster, …

    Attributes:
        slots: how many cells it trains at a time.
    """

    slots: int

    @abstractmethod
    def run(self, cells: Sequence[Cell], watcher: Watcher) -> None:
        """Train cells whose folders hold a recipe.yaml; returns when each is finished, diverged or failed.

        A cell resumes from its checkpoint, if it has one. The process that trains it holds its lock; if another process
        holds it, this waits.

        Raises:
            Interrupted: SIGINT or SIGTERM came. What was running has saved its checkpoint.
        """

    def close(self) -> None:
        """Let go of what is kept from one `run` to the next: the experiment has no more cells for now."""


def record_failure(cell: Cell, reason: str) -> None:
    """Record in a cell's folder that it failed, unless another process trains it now or has finished it."""
    with suppress(Timeout), lock(cell.lock, timeout=0):
        if cell.status not in SETTLED:
            cell.run.record({"status": "failed", "error": reason})
