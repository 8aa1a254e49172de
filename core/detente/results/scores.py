"""The score of a run in a search: one number from 0 to 1."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from detente.domains.primary import BETTER, Direction, Primary
from detente.results.cells import Cell
from detente.results.outcomes import Outcome, number


class Measure(ABC):
    """The score of a run in a search, from 0 to 1, higher is better; a run that diverged has 0.

    Attributes:
        primary: the score that it looks at; `name` is what that is called.
        scales: whether it stands between floor and ceiling.
    """

    primary: Primary
    scales: ClassVar[bool]

    @property
    def name(self) -> str:
        return self.primary.score

    def __call__(self, cell: Cell) -> float | None:
        """The worth of a cell; None where it has none: it failed, is not done, or was not measured."""
        outcome = Outcome.of(cell)
        if outcome.status == "diverged":
            return 0.0
        return number(self.of(cell, outcome)) if outcome.status == "finished" else None

    @abstractmethod
    def of(self, cell: Cell, outcome: Outcome) -> float:
        """The worth of a run that finished; NaN where it was not measured."""

    @abstractmethod
    def plain(self) -> dict[str, Any]:
        """As tuning.yaml has it."""

    @property
    @abstractmethod
    def text(self) -> str:
        """What it is, for a sentence."""


class Scaled(Measure):
    """A score at the last step, between that of an untrained generator (0) and that of real data (1)."""

    scales = True

    def __init__(self, primary: Primary) -> None:
        self.primary = primary

    def of(self, cell: Cell, outcome: Outcome) -> float:
        return self.primary.scaled_row(outcome.scores, outcome.references)

    def plain(self) -> dict[str, Any]:
        return {"score": self.name, "direction": self.primary.direction, "log": self.primary.log}

    @property
    def text(self) -> str:
        return f"scaled {self.name}"


class StepsUntil(Measure):
    """How soon a score passes a threshold: 1 − (steps of the first evaluation beyond it) / (all steps), 0 if never."""

    scales = False

    def __init__(self, name: str, direction: Direction, threshold: float, steps: int) -> None:
        self.primary, self.threshold, self.steps = Primary(name, direction), threshold, steps

    def of(self, cell: Cell, outcome: Outcome) -> float:
        passes, measured = BETTER[self.primary.direction].than, False
        for line in cell.run.lines():
            value = number((line.get("scores") or {}).get(self.name))
            if value is not None and passes(value, self.threshold):
                return max(0.0, 1 - int(line["step"]) / self.steps)
            measured |= value is not None
        return 0.0 if measured else math.nan

    def plain(self) -> dict[str, Any]:
        return {
            "score": self.name,
            "direction": self.primary.direction,
            "threshold": self.threshold,
            "steps": self.steps,
        }

    @property
    def text(self) -> str:
        sign = BETTER[self.primary.direction].sign
        return f"1 − fraction of the steps until {self.name} {sign} {self.threshold:g}"


def measure(content: Mapping[str, Any]) -> Measure:
    """The measure that tuning.yaml has."""
    if "threshold" in content:
        return StepsUntil(content["score"], content["direction"], content["threshold"], content["steps"])
    return Scaled(Primary(content["score"], content["direction"], content.get("log", False)))
