"""What a cell has come to, read from its folder."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import fmean
from typing import Any

from detente.results.cells import SETTLED, Cell
from detente.results.stability import Stability, scaled_curve
from detente.results.stability import read as read_stability


@dataclass(frozen=True)
class Outcome:
    """What a cell has come to, read from its folder.

    Attributes:
        final: the scaled score at the last step; 0 for a run that diverged, None while there is none, and where it was
            not measured.
        tail: the mean over the last fifth of the run's evaluations, likewise.
        best: the highest scaled score of the run, at step `best_step`.
        samples: how many samples each evaluation had; None where the record does not say.
        scores: all scores at the last step of a run that finished.
        references: the scores of real data, baseline and untrained generator.
        curve: (step, scaled score) of each evaluation that has one.
        start: the reference row that the run's generator was before its first step; None where it was none of them.
        directions: which values of a score are better, `higher`, `lower` or `neither`, where the record says so.
        seconds: what the run took; `step_seconds` the processor time of a step without evaluations; None where that was
            not measured.
        stability: how stable it was.
        damaged: a sentence for each thing in the folder that was left out because it cannot be used.
    """

    cell: Cell
    status: str
    reason: str = ""
    final: float | None = None
    tail: float | None = None
    best: float | None = None
    best_step: int | None = None
    step: int = 0
    samples: int | None = None
    scores: dict[str, float] = field(default_factory=dict)
    references: dict[str, dict[str, float]] = field(default_factory=dict)
    curve: tuple[tuple[int, float], ...] = ()
    start: str | None = None
    directions: dict[str, str] = field(default_factory=dict)
    seconds: float | None = None
    step_seconds: float | None = None
    stability: Stability = field(default_factory=Stability)
    damaged: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether it came to an end, also in an error."""
        return self.status in (*SETTLED, "failed")

    @property
    def unscored(self) -> bool:
        """Whether it finished, and its scaled score was not measured."""
        return self.status == "finished" and self.final is None

    @classmethod
    def of(cls, cell: Cell) -> "Outcome":
        """Read a cell."""
        info, lines, damaged = cell.run.contents()
        status = str(info.get("status", "pending"))
        best, final = info.get("best") or {}, info.get("final") or {}
        ended = {"finished": number(final.get("scaled")), "diverged": 0.0}.get(status)
        highest = number(best.get("scaled")) if status in SETTLED else None
        curve = scaled_curve(lines)
        tail = tail_of([value for _, value in curve]) if curve and ended is not None else ended
        diverged_at = int(info.get("step") or 0) if status == "diverged" else None
        return cls(
            cell,
            status,
            reason=str(info.get("error") or " ".join(damaged))
            .replace(f"{cell.folder}{os.sep}", "")
            .replace(f"{cell.folder}", "")
            .lstrip(": "),
            final=ended,
            tail=0.0 if status == "diverged" else tail,
            best=highest,
            best_step=best.get("step") if status in SETTLED else None,
            step=int(info.get("step") or 0),
            samples=info.get("samples"),
            scores=_finite(final.get("scores") or {}) if status == "finished" else {},
            references={row: _finite(scores) for row, scores in (info.get("references") or {}).items()},
            curve=curve,
            start=info.get("start"),
            directions=info.get("directions") or {},
            seconds=number(info.get("seconds")),
            step_seconds=number(info.get("processor_seconds_per_step")),
            stability=read_stability(lines, ended, highest, diverged_at),
            damaged=tuple(damaged),
        )


TAIL = 5
"""One part of so many, at the end of a run's evaluations, is its tail."""


def tail_of(scores: Sequence[float]) -> float:
    """The mean over the last fifth of a run's scores, rounded up: of 1 to 5 that is the last one alone."""
    return fmean(scores[-ceil(len(scores) / TAIL) :])


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer of hundreds of digits
        return None


def _finite(scores: dict[str, Any]) -> dict[str, float]:
    return {name: found for name, value in scores.items() if (found := number(value)) is not None}
