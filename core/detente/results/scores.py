"""The score of a run in a search: one number from 0 to 1."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from detente.domains.primary import BETTER, Primary
from detente.results.cells import Cell
from detente.results.outcomes import Outcome, number


class Measure(ABC):
    """The score of a run in a search, from 0 to 1, higher is better; a run that diverged has 0.

    Attributes:
        name: the score that it looks at.
    """

    name: str

    def __call__(self, cell: Cell) -> float | None:
        """The worth of a cell; None where it has none, because it failed or is not done."""
        outcome = Outcome.of(cell)
        if outcome.status == "diverged":
            return 0.0
        return self.of(cell, outcome) if outcome.status == "finished" else None

    @abstractmethod
    def of(self, cell: Cell, outcome: Outcome) -> float:
        """The worth of a run that finished."""

    @abstractmethod
    def plain(self) -> dict[str, Any]:
        """As tuning.yaml has it."""

    @property
    @abstractmethod
    def text(self) -> str:
        """What it is, for a sentence."""


class Scaled(Measure):
    """A score at the last step, between that of an untrained generator (0) and that of real data (1)."""

    def __init__(self, primary: Primary) -> None:
        self.primary, self.name = primary, primary.score

    def of(self, cell: Cell, outcome: Outcome) -> float:
        return self.primary.scaled_row(outcome.scores, outcome.references)

    def plain(self) -> dict[str, Any]:
        return {"score": self.name, "direction": self.primary.direction, "log": self.primary.log}

    @property
    def text(self) -> str:
        return f"scaled {self.name}"


class StepsUntil(Measure):
    """How soon a score passes a threshold: 1 − (steps of the first evaluation beyond it) / (all steps), 0 if never."""

    def __init__(self, name: str, direction: str, threshold: float, steps: int) -> None:
        self.name, self.direction, self.threshold, self.steps = name, direction, threshold, steps

    def of(self, cell: Cell, outcome: Outcome) -> float:
        passes = BETTER[self.direction].than
        for line in cell.run.lines():
            value = number(line.get("scores", {}).get(self.name))
            if value is not None and passes(value, self.threshold):
                return max(0.0, 1 - int(line["step"]) / self.steps)
        return 0.0

    def plain(self) -> dict[str, Any]:
        return {
            "score": self.name,
            "direction": self.direction,
            "threshold": self.threshold,
            "steps": self.steps,
        }

    @property
    def text(self) -> str:
        return f"1 − fraction of the steps until {self.name} {BETTER[self.direction].sign} {self.threshold:g}"


def measure(content: Mapping[str, Any]) -> Measure:
    """The measure that tuning.yaml has."""
    if "threshold" in content:
        return StepsUntil(content["score"], content["direction"], content["threshold"], content["steps"])
    return Scaled(Primary(content["score"], content["direction"], content["log"]))
