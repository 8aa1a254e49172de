"""Classes of a number that each sample has, such as a molecule's weight or a sentence's length."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, NamedTuple

import numpy as np

from detente.domains.primary import Direction
from detente.engine.options import Range
from detente.errors import UsageError

MOST_BINS = 5
Bins = Annotated[int, Range(least=2, most=MOST_BINS)]
"""How many classes the values of a property are cut into."""


@dataclass(frozen=True)
class Cut:
    """Where the values of a property are cut: class k is from limit k − 1 up to below limit k, both where there is one.

    Attributes:
        name: of the property, or of a column of the user's file.
        limits: between the classes, rising, one fewer than there are classes.
    """

    name: str
    limits: tuple[float, ...]

    def classes(self, values: np.ndarray) -> np.ndarray:
        """The class of each value, [n] → int64 [n]."""
        return np.searchsorted(np.array(self.limits), values, side="right")

    def said(self) -> str:
        """The classes with their limits: `0 below 0.41, 1 from 0.41 to below 0.5, 2 from 0.5`."""
        ends = [f"{limit:.4g}" for limit in self.limits]
        between = [f"{k} from {a} to below {b}" for k, (a, b) in enumerate(pairwise(ends), 1)]
        return ", ".join([f"0 below {ends[0]}", *between, f"{len(ends)} from {ends[-1]}"])

    def counted(self, labels: np.ndarray, samples: str) -> str:
        """The sentence that says the classes of training samples: their limits, and how many are in each.

        Args:
            labels: of the samples that train, [n].
            samples: what they are, such as `molecules`.
        """
        shares = ", ".join(f"{count:,}" for count in np.bincount(labels, minlength=len(self.limits) + 1))
        return f"Classes of {self.name}: {self.said()}; {shares} {samples} to train on."


def cut(name: str, values: np.ndarray, bins: int, samples: str) -> Cut:
    """The cut of training values [n] into shares that are as equal as their ties allow; no class is empty.

    Args:
        name: of the property, as the option `data.condition` has it.
        values: of the samples that train, [n].
        bins: how many classes.
        samples: what they are, such as `molecules`.

    Raises:
        UsageError: the samples all have one value, or fewer than `bins` different ones.
    """
    different, counts = np.unique(values, return_counts=True)
    if len(different) < 2:
        raise UsageError(
            f"data.condition={name}: all {samples} to train on have the {name} {different[0]:.4g}, so there are no"
            " classes. Take another condition, or leave it out."
        )
    if len(different) < bins:
        raise UsageError(
            f"data.bins={bins}: {name} has only {len(different)} different values among {len(values):,} {samples} to"
            f" train on. Set data.bins={len(different)}, or take another condition."
        )
    below = np.cumsum(counts) - counts  # how many values are smaller than each of the different ones
    limits, first = list[float](), 1
    for k in range(1, bins):
        possible = below[first : len(different) - (bins - k) + 1]
        at = first + int(np.abs(possible - len(values) * k / bins).argmin())
        limits.append(float(different[at]))
        first = at + 1
    return Cut(name, tuple(limits))


class Asked(NamedTuple):
    """A sample of a conditional model: the class that it was made under, its value, the class that this lies in."""

    under: int
    value: float
    found: int


CLASS_MEANS: Mapping[str, Direction] = dict.fromkeys((f"class-{k}-mean" for k in range(MOST_BINS)), "neither")
"""The scores that `class_means` gives."""


def class_accuracy(of: Sequence[Asked]) -> dict[str, float]:
    """`class-accuracy`: the share of samples whose value lies in the class that they were made under; NaN of none."""
    right = sum(one.under == one.found for one in of)
    return {"class-accuracy": right / len(of) if of else math.nan}


def class_means(of: Sequence[Asked]) -> dict[str, float]:
    """The mean value of the samples that were made under each class, by the names of `CLASS_MEANS`; NaN of none."""
    values = [[one.value for one in of if one.under == k] for k in range(MOST_BINS)]
    return {name: math.fsum(v) / len(v) if v else math.nan for name, v in zip(CLASS_MEANS, values, strict=True)}
