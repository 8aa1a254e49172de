"""What tests of studies and searches share: a search that is small, a cell, and an executor that needs no processes."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detente.experiments.executors.base import Executor, Watcher
from detente.experiments.executors.worker import train_cell
from detente.experiments.search import Wish
from detente.experiments.search.space import Choices, Reals, Wholes
from detente.results.cells import Arm, Cell

CHAIN = ["r1+g:ema"]
SMALL = ["samples=50", "batch=4", "evaluate_every=10", "checkpoint_every=20", "data.size=64"]
GAMMA = "discriminator.regularizers.r1.gamma"


def wish(**more: Any) -> Wish:
    """A search over r1's γ, with some of it changed."""
    given: dict[str, Any] = {"domain": "dirac", "reg": ["r1"], "search": ["r1.gamma=log:0.01..10"], "set": SMALL}
    return Wish(**{**given, "steps": 20, "trials": 6, "seeds": 2, "fresh": 2, "sampler": "random", **more})


A, B = Reals("a", "a", 0.01, 100.0, True), Wholes("b", "b", 1, 3, False)
C = Choices("c", "c", (("x", "x"), ("y", "y")))


def bowl(value: float, seed: int = 0) -> float:
    """A score over the range A: best at 2, with noise that the seed and the value make."""
    noise = np.random.default_rng([seed, round(1e6 * value)]).normal(0, 0.01)
    return float(np.clip(1 - math.log10(value / 2) ** 2 / 4 + noise + 0.02 * seed, 0, 1))


def cell(folder: Path, seed: int = 0) -> Cell:
    """A cell that could be trained."""
    path = folder / str(seed)
    path.mkdir(parents=True)
    (path / "recipe.yaml").write_text("steps: 10\n")
    return Cell("pair", Arm("none", "none"), seed, path)


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
