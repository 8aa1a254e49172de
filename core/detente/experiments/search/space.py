"""Ranges: the values that one entry of a recipe may take in a search."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

DIGITS = 6
"""Significant digits of a value that is tried: what a person can copy."""


@dataclass(frozen=True)
class Range(ABC):
    """The values that one entry of the recipe may take.

    Attributes:
        label: what the user calls it.
        key: its full dotted key.
    """

    label: str
    key: str

    @property
    @abstractmethod
    def distribution(self) -> "BaseDistribution":
        """As Optuna has it."""

    @property
    @abstractmethod
    def size(self) -> float:
        """How many values there are; infinitely many in a range of numbers with fractions."""

    @abstractmethod
    def spread(self, n: int) -> list[Any]:
        """`n` values from one end to the other, as Optuna has them; fewer where there are no more."""

    @abstractmethod
    def near(self, value: Any, step: float) -> Any:
        """The value at a distance, in shares of the range on its scale; folded back at the ends."""

    def read(self, value: Any) -> Any:
        """What a recipe has, for what Optuna suggests."""
        return value

    @property
    @abstractmethod
    def text(self) -> str:
        """As `--search` writes it, after the `=`."""

    @property
    @abstractmethod
    def ends(self) -> Sequence[Any]:
        """Values, as a recipe has them, that stand for all: if these are allowed, the others are."""


@dataclass(frozen=True)
class Reals(Range):
    """Numbers with fractions, evenly or evenly on a logarithm."""

    low: float
    high: float
    log: bool

    @property
    def distribution(self) -> "BaseDistribution":
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log)

    @property
    def size(self) -> float:
        return math.inf

    def spread(self, n: int) -> list[Any]:
        return [min(self.high, max(self.low, v)) for v in _spread(self.low, self.high, self.log, n)]

    def near(self, value: Any, step: float) -> float:
        return _near(value, self.low, self.high, self.log, step)

    def read(self, value: Any) -> float:
        return min(self.high, max(self.low, float(f"{value:.{DIGITS}g}")))

    @property
    def text(self) -> str:
        return f"{'log' if self.log else 'lin'}:{self.low:g}..{self.high:g}"

    @property
    def ends(self) -> Sequence[Any]:
        return self.low, self.high


@dataclass(frozen=True)
class Wholes(Range):
    """Whole numbers, evenly or evenly on a logarithm."""

    low: int
    high: int
    log: bool

    @property
    def distribution(self) -> "BaseDistribution":
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log)

    @property
    def size(self) -> float:
        return self.high - self.low + 1

    def spread(self, n: int) -> list[Any]:
        return sorted({round(value) for value in _spread(self.low, self.high, self.log, n)})

    def near(self, value: Any, step: float) -> int:
        return round(_near(value, self.low, self.high, self.log, step))

    @property
    def text(self) -> str:
        return f"{'log' if self.log else 'lin'}:{self.low}..{self.high}"

    @property
    def ends(self) -> Sequence[Any]:
        return self.low, self.high


@dataclass(frozen=True)
class Choices(Range):
    """Values without an order."""

    values: tuple[tuple[str, Any], ...]

    @property
    def distribution(self) -> "BaseDistribution":
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution([text for text, _ in self.values])

    @property
    def size(self) -> float:
        return len(self.values)

    def spread(self, n: int) -> list[Any]:
        return [text for text, _ in self.values]

    def near(self, value: Any, step: float) -> Any:
        return value

    def read(self, value: Any) -> Any:
        return dict(self.values)[value]

    @property
    def text(self) -> str:
        return f"choice:{','.join(text for text, _ in self.values)}"

    @property
    def ends(self) -> Sequence[Any]:
        return [value for _, value in self.values]


def _spread(low: float, high: float, log: bool, n: int) -> list[float]:
    """`n` evenly spaced values with both ends; the middle where there is one."""
    if n == 1:
        return [math.sqrt(low * high) if log else (low + high) / 2]
    if log:
        return [low * (high / low) ** (i / (n - 1)) for i in range(n)]
    return [low + (high - low) * i / (n - 1) for i in range(n)]


def _near(value: float, low: float, high: float, log: bool, step: float) -> float:
    """A value moved by a share of its range, folded back at the ends."""
    scale, back = (math.log, math.exp) if log else (float, float)
    a, b = scale(low), scale(high)
    share = abs((scale(value) - a) / (b - a) + step) % 2
    return min(high, max(low, back(a + (b - a) * (2 - share if share > 1 else share))))
