"""What several seeds come to, in a number, three, or words."""

from collections.abc import Iterable, Sequence
from statistics import fmean


def spread(finals: Sequence[float]) -> str:
    """The mean of some scores, with the lowest and the highest."""
    if len(finals) == 1:
        return f"{finals[0]:.2f}"
    return f"{fmean(finals):.2f} (from {min(finals):.2f} to {max(finals):.2f})"


def mean_of(values: Iterable[float]) -> float | None:
    """The mean; None of nothing."""
    found = list(values)
    return fmean(found) if found else None


def range_of(values: Iterable[float]) -> tuple[float, float, float] | None:
    """Mean, lowest and highest; None of nothing."""
    found = list(values)
    return (fmean(found), min(found), max(found)) if found else None
