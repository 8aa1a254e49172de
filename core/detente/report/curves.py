"""From the runs of an arm to its curve: the mean of those that have come so far, and how many these are."""

from collections.abc import Sequence
from statistics import fmean

from detente.report.charts import Point, Series

Runs = Sequence[tuple[Sequence[Point], bool]]
"""Of each run its curve, and whether it diverged."""


def series(name: str, style: int, runs: Runs, arm: int | None = None) -> Series:
    """Mean, and the band from the lowest to the highest run, at each step of those that have it.

    A run that diverged counts as 0 from there; one that stopped is missing from there, which `missing` says.
    """
    mean: list[Point] = []
    band: list[tuple[float, float, float]] = []
    for step, values in _by_step(runs):
        mean.append((step, fmean(values)))
        band.append((step, min(values), max(values)))
    ends = [curve[-1] for curve, diverged in runs if diverged]
    return Series(name, style, mean, ends=ends, band=band if len(runs) > 1 else (), arm=arm)


def missing(name: str, runs: Runs, of: int) -> str:
    """In words, from which steps on a curve is of fewer runs than there are; empty where all have all steps.

    Args:
        name: the arm's.
        runs: those with a curve.
        of: how many runs the arm has.
    """
    parts: list[str] = []
    before = of
    for step, values in _by_step(runs):
        if (n := len(values)) != before:
            parts.append(f"{n} from step {step:g} on")
            before = n
    return f"{name} of {of} runs: {', '.join(parts)}" if parts else ""


def _by_step(runs: Runs) -> list[tuple[float, list[float]]]:
    steps = sorted({step for curve, _ in runs for step, _ in curve})
    own = [(dict(curve), diverged) for curve, diverged in runs]
    return [
        (step, [curve.get(step, 0.0) for curve, diverged in own if step in curve or (diverged and step > max(curve))])
        for step in steps
    ]
