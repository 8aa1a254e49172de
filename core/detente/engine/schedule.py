"""Numbers that change over a run: ramps of several shapes, for a regularizer's options and an optimizer's."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer

from detente.engine.options import Component, Count, Finite
from detente.errors import UsageError, did_you_mean


def _linear(start: float, end: float, done: float) -> float:
    return start + (end - start) * done


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def _exponential(start: float, end: float, done: float) -> float:
    return start * (end / start) ** done


SHAPES: Mapping[str, Callable[[float, float, float], float]] = {
    "linear": _linear,
    "cosine": _cosine,
    "exponential": _exponential,
}
"""The value of a ramp between `start` and `end` when the share `done` of it, in [0, 1), is over.

`cosine` is the half period of Loshchilov & Hutter 2017, eq. 5; `exponential` multiplies by one factor at each update.
"""


@dataclass(frozen=True)
class Ramp(Component):
    """A value that goes from `start` to `end` over `updates` of the player, and is constant afterwards.

    Raises:
        UsageError: there is no such shape, or an exponential ramp begins, ends or passes at 0.
    """

    start: Finite
    end: Finite
    updates: Count
    shape: str = "linear"

    def __post_init__(self) -> None:
        if problem := problem_of(self.start, self.end, self.shape):
            raise UsageError(f"Ramp: {problem}")

    def at(self, t: int) -> float:
        """The value at update `t`."""
        if t >= self.updates:
            return self.end  # exactly: a formula may round
        return SHAPES[self.shape](self.start, self.end, t / self.updates)


def problem_of(start: float, end: float, shape: str) -> str | None:
    """What is wrong with a ramp, as the end of a sentence; None for nothing."""
    if shape not in SHAPES:
        return f"shape should be {', '.join(SHAPES)}, but is {shape!r}.{did_you_mean(shape, SHAPES)}"
    if shape == "exponential" and start * end <= 0:
        return f"an exponential ramp cannot go from {start:g} to {end:g}: both must have one sign, and neither be 0."
    return None


class Scheduled:
    """Ramps on numbers of an optimizer, set before each update.

    Args:
        optimizer: any of torch's kind.
        ramps: by the key of a parameter group, such as "lr"; "betas.1" is the second number of `betas`.

    Raises:
        UsageError: the optimizer has no such number in its groups of parameters.
    """

    def __init__(self, optimizer: Optimizer, ramps: Mapping[str, Ramp]) -> None:
        self.optimizer, self.ramps = optimizer, dict(ramps)
        for name in self.ramps:
            key, _, index = name.partition(".")
            for group in optimizer.param_groups:
                if not isinstance(_entry(group.get(key), index), int | float):
                    raise UsageError(
                        f"{name} cannot have a schedule: {type(optimizer).__name__} keeps no such number in its groups "
                        "of parameters. Give it one value."
                    )

    def set(self, t: int) -> None:
        """Give the optimizer its numbers of update `t`."""
        for name, ramp in self.ramps.items():
            key, _, index = name.partition(".")
            value = ramp.at(t)
            for group in self.optimizer.param_groups:
                group[key] = _replaced(group[key], int(index), value) if index else value


def _entry(value: Any, index: str) -> Any:
    if not index:
        return value
    return value[int(index)] if isinstance(value, tuple | list) and int(index) < len(value) else None


def _replaced(values: Any, index: int, value: float) -> tuple[float, ...]:
    return (*values[:index], value, *values[index + 1 :])
