"""Columns of a table as leaves of a sample, and back.

A sample has one leaf per column, whose name and symbols say all that is needed to turn it into values again: so a
trained generator needs no data.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from detente import Leaf, Sample, Space, UsageError, leaves
from torch import Tensor

_NUMBER, _CATEGORY = "number:", "category:"
_WIDTH = 4.0
"""Standard deviations of a mode that α = ±1 stand for (Xu et al. 2019, section 4.2)."""
_MOST_MODES, _FITTED_ON, _LEAST_WEIGHT = 10, 10_000, 0.005


@dataclass(frozen=True)
class Number:
    """A numeric column in mode-specific normalization (Xu et al. 2019, section 4.2).

    A value v is α = (v − μ_k) / 4σ_k in one mode k of a Gaussian mixture, and which mode that is: [1 + K].

    Args:
        name: of the column.
        mean, deviation: of its values, in units of the column, as low and high are.
        low, high: the smallest and the largest value.
        decimals: places behind the point.
        modes: weight, mean μ_k and standard deviation σ_k of each mode.
    """

    name: str
    mean: float
    deviation: float
    low: float
    high: float
    decimals: int
    modes: tuple[tuple[float, float, float], ...]

    @classmethod
    def fitted(cls, name: str, values: np.ndarray) -> "Number":
        """The column of these values [n], with the modes that a variational mixture needs of ten."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import BayesianGaussianMixture

        few, scale = values[:_FITTED_ON], float(values.std()) or 1.0
        mixture = BayesianGaussianMixture(
            n_components=min(_MOST_MODES, len(np.unique(few))),
            weight_concentration_prior_type="dirichlet_process",
            weight_concentration_prior=1e-3,
            max_iter=100,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a hundred rounds are the published recipe
            mixture.fit(((few - values.mean()) / scale)[:, None])
        centres, deviations = mixture.means_[:, 0], np.sqrt(mixture.covariances_[:, 0, 0])
        modes = tuple(
            (float(w), float(values.mean() + scale * m), float(scale * s))
            for w, m, s in zip(mixture.weights_, centres, deviations, strict=True)
            if w > _LEAST_WEIGHT
        )
        decimals = next((d for d in range(6) if np.array_equal(values, values.round(d))), 6)
        return cls(name, float(values.mean()), scale, float(values.min()), float(values.max()), decimals, modes)

    @property
    def width(self) -> int:
        return 1 + len(self.modes)

    def leaf(self) -> Leaf:
        head = f"{self.mean!r} {self.deviation!r} {self.low!r} {self.high!r} {self.decimals}"
        return Leaf(
            (self.width,), _NUMBER + self.name, symbols=(head, *(f"{w!r} {m!r} {s!r}" for w, m, s in self.modes))
        )

    def responsibilities(self, values: Tensor) -> Tensor:
        """The probability of each mode for each value, [n, K]."""
        w, m, s = torch.tensor(self.modes, dtype=torch.float64).T
        return (w.log() - s.log() - ((values.double()[:, None] - m) / s).square() / 2).softmax(1)

    def encode(self, values: Tensor, mode: Tensor) -> Tensor:
        """Values [n] and their modes [n] → [n, 1 + K], float32."""
        _, m, s = torch.tensor(self.modes, dtype=torch.float64).T
        alpha = ((values.double() - m[mode]) / (_WIDTH * s[mode])).clamp(-0.99, 0.99)
        return torch.cat([alpha[:, None], torch.nn.functional.one_hot(mode, len(m))], 1).float()

    def decode(self, x: Tensor) -> Tensor:
        """[n, 1 + K] → values [n] within the column's range and at its precision, float64."""
        _, m, s = torch.tensor(self.modes, dtype=torch.float64).T
        mode = x[:, 1:].argmax(1)
        values = m[mode] + _WIDTH * s[mode] * x[:, 0].double().clamp(-1, 1)
        return values.clamp(self.low, self.high).round(decimals=self.decimals)


@dataclass(frozen=True)
class Category:
    """A column of one value among a few: one-hot, [levels]."""

    name: str
    levels: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.levels)

    def leaf(self) -> Leaf:
        return Leaf((self.width,), _CATEGORY + self.name, symbols=self.levels)

    def encode(self, level: Tensor) -> Tensor:
        """Levels [n] → [n, levels], float32."""
        return torch.nn.functional.one_hot(level, self.width).float()

    def decode(self, x: Tensor) -> Tensor:
        """[n, levels] → the level of each row, [n]."""
        return x.argmax(1)


Column: TypeAlias = Number | Category


def columns_of(space: Space) -> tuple[Column, ...]:
    """The columns that the leaves of a space stand for.

    Raises:
        UsageError: they are not those of a table.
    """
    return tuple(map(_column, space.leaves))


def _column(leaf: Leaf) -> Column:
    if leaf.name.startswith(_CATEGORY):
        return Category(leaf.name.removeprefix(_CATEGORY), leaf.symbols)
    if not leaf.name.startswith(_NUMBER):
        raise UsageError(f"the leaf {leaf.name!r} is no column of a table; choose data of the domain tabular.")
    mean, deviation, low, high, decimals = leaf.symbols[0].split()
    modes = tuple((float(w), float(m), float(s)) for w, m, s in map(str.split, leaf.symbols[1:]))
    name = leaf.name.removeprefix(_NUMBER)
    return Number(name, float(mean), float(deviation), float(low), float(high), int(decimals), modes)


def decoded(x: Sample, columns: Sequence[Column]) -> tuple[np.ndarray, np.ndarray]:
    """The numbers [n, numbers] and the levels [n, categories] of samples, each in the order of the columns."""
    pairs = list(zip(columns, leaves(x), strict=True))
    n = len(pairs[0][1])
    numbers = [c.decode(leaf).numpy() for c, leaf in pairs if isinstance(c, Number)]
    levels = [c.decode(leaf).numpy() for c, leaf in pairs if isinstance(c, Category)]
    return _stacked(numbers, n, np.float64), _stacked(levels, n, np.int64)


def _stacked(columns: list[np.ndarray], n: int, dtype: type) -> np.ndarray:
    return np.stack(columns, 1) if columns else np.zeros((n, 0), dtype)


def features(x: Sample, columns: Sequence[Column]) -> Tensor:
    """Numbers in standard deviations, and each category's level as a corner of a simplex with edges of 1, [n, d]."""
    parts = []
    for column, leaf in zip(columns, leaves(x), strict=True):
        if isinstance(column, Number):
            parts.append(((column.decode(leaf) - column.mean) / column.deviation)[:, None])
        else:
            parts.append(column.encode(column.decode(leaf)).double() / math.sqrt(2))
    return torch.cat(parts, 1)
