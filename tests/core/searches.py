"""A search on Dirac that is small enough for a test, and an executor that needs no processes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from detente.experiments.executors.base import Executor, Watcher
from detente.experiments.executors.worker import train_cell
from detente.experiments.search import Wish
from detente.results.cells import Cell

CHAIN = ["r1+g:ema"]
SMALL = ["samples=50", "batch=4", "evaluate_every=10", "checkpoint_every=20", "data.size=64"]
GAMMA = "discriminator.regularizers.r1.gamma"


def wish(**more: Any) -> Wish:
    """A search over r1's γ, with some of it changed."""
    given: dict[str, Any] = {"domain": "dirac", "reg": ["r1"], "search": ["r1.gamma=log:0.01..10"], "set": SMALL}
    return Wish(**{**given, "steps": 20, "trials": 6, "seeds": 2, "fresh": 2, "sampler": "random", **more})


class InProcess(Executor):
    """Trains cells one after the other in this process, or pretends to; `trained` are those that it was given."""

    slots = 1

    def __init__(self, train: Callable[[Path, list[str]], int] = train_cell, *, backwards: bool = False) -> None:
        self.train, self.backwards = train, backwards
        self.trained: list[Cell] = []

    def run(self, cells: Sequence[Cell], watcher: Watcher) -> None:
        for cell in reversed(cells) if self.backwards else cells:
            watcher.set(cell, "running")
            self.trained.append(cell)
            self.train(cell.folder, [])
            watcher.set(cell, cell.status)
            watcher.tick()
