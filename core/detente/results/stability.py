"""How stable a run was, computed from its metrics file."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

SPIKE = 10.0
"""A gradient norm is a spike if it is so many times the median of those before it."""
_BEFORE, _ENOUGH = 20, 5  # log lines that the median is of: at most, and at least
APART = 0.99
"""The discriminator counts as saturated where it tells apart so large a share of pairs of a real and a fake."""
COLLAPSED = 0.5
"""A run has collapsed where its score stays below this share of its best to the end …"""
WORTH = 0.05
"""… if that best was worth anything."""

Curve = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Stability:
    """How stable one run was.

    Attributes:
        kept: the final score over the best one; None where the best is 0 or unknown.
        collapsed: the step of the first evaluation from which on all scores are below `COLLAPSED` times the best one;
            of a run that diverged the step at which it did; None where that did not happen.
        spikes: how many log lines have a gradient norm of either player above `SPIKE` times the median of up to 20
            lines before, or one that is not finite; None where none were logged.
        saturated: the share of log lines at which D/apart is `APART` at least; None where it was not logged.
        modes: (step, covered modes) of each evaluation of a metric that counts modes, else (step, coverage).
        slope: (step, product of the spectral norms of D's layers), a bound of its slope but for activations and biases.
        gradients: per player (step, norm) of each log line.
    """

    kept: float | None = None
    collapsed: int | None = None
    spikes: int | None = None
    saturated: float | None = None
    modes: Curve = ()
    modes_name: str = ""
    slope: Curve = ()
    gradients: Mapping[str, Curve] = field(default_factory=dict[str, Curve])


def read(
    lines: Sequence[Mapping[str, Any]], final: float | None, best: float | None, diverged_at: int | None
) -> Stability:
    """The stability of a run.

    Args:
        lines: of its metrics file.
        final, best: scaled scores.
        diverged_at: the step at which it diverged, if it did.
    """
    evaluations = [line for line in lines if line.get("scores") is not None]
    watched = [(int(line["step"]), line["watched"]) for line in lines if "watched" in line]
    norms = {key: [w[key] for _, w in watched if key in w] for key in ("D/gradient", "G/gradient")}
    apart = [w["D/apart"] for _, w in watched if w.get("D/apart") is not None]
    name = next(
        (n for n in ("modes", "coverage") if any(line["scores"].get(n) is not None for line in evaluations)), ""
    )
    return Stability(
        kept=final / best if final is not None and best else None,
        collapsed=diverged_at if diverged_at is not None else collapse(scaled_curve(lines)),
        spikes=sum(map(spikes, norms.values())) if any(norms.values()) else None,
        saturated=sum(value >= APART for value in apart) / len(apart) if apart else None,
        modes=_curve((line["step"], line["scores"].get(name)) for line in evaluations) if name else (),
        modes_name=name,
        slope=_curve((line["step"], _product(line["spectral"].values())) for line in lines if line.get("spectral")),
        gradients={key: _curve((step, w.get(key)) for step, w in watched) for key in norms if norms[key]},
    )


def scaled_curve(lines: Iterable[Mapping[str, Any]]) -> Curve:
    """(step, scaled score) of each evaluation that has one: what was not measured is not 0."""
    found = ((line["step"], line.get("scaled")) for line in lines if line.get("scores") is not None)
    return _curve((step, value) for step, value in found if isinstance(value, int | float) and math.isfinite(value))


def collapse(scores: Sequence[tuple[int, float]]) -> int | None:
    """The step from which on a score stays below `COLLAPSED` times its best to the end."""
    best = max((value for _, value in scores), default=0.0)
    found = None
    for step, value in reversed(scores):
        if value >= COLLAPSED * best:
            break
        found = step
    return found if best >= WORTH else None


def spikes(norms: Sequence[float | None]) -> int:
    """How many norms stand out from those before them; None is one that is not finite, which does."""
    count = 0
    for i, norm in enumerate(norms):
        before = [value for value in norms[max(0, i - _BEFORE) : i] if value is not None]
        count += norm is None or (len(before) >= _ENOUGH and norm > SPIKE * median(before))
    return count


def _curve(points: Iterable[tuple[Any, Any]]) -> Curve:
    return tuple((int(step), float(value)) for step, value in points if value is not None)


def _product(values: Iterable[float | None]) -> float | None:
    total = 1.0
    for value in values:
        if value is None:
            return None
        total *= value
    return total
