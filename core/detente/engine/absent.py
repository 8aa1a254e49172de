"""What was not handed over: whatever asks for it says so, and what to type."""

from collections.abc import Mapping
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from detente.engine.augment import normal_like
from detente.engine.sample import Augmentation, Sample
from detente.errors import UsageError


class Tensors:
    """A kind of data of which nothing is known: plain normal noise, and the augmentations that are given.

    Args:
        augmentations: by name; each takes a sample and a random generator, which it must draw from.
    """

    name = "tensors"

    def __init__(self, augmentations: Mapping[str, Augmentation] | None = None) -> None:
        self.augmentations: Mapping[str, Augmentation] = augmentations or {}

    def noise_like(self, x: Sample, generator: torch.Generator) -> Sample:
        """Standard normal noise, shaped as `x`."""
        return normal_like(x, generator)


class Absent(tuple[Tensor, ...]):
    """In place of a sample."""

    wanted: str

    def __new__(cls, wanted: str) -> "Absent":
        """An empty sample that says what is wanted as soon as anyone looks into it."""
        new = super().__new__(cls)
        new.wanted = wanted
        return new

    def _refuse(self, *_: Any) -> NoReturn:
        raise UsageError(self.wanted)

    __iter__ = __getitem__ = __len__ = _refuse

    def __bool__(self) -> bool:
        """It has no leaves."""
        return False

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> NoReturn:
        """Torch asks here where a function is handed one beside a tensor."""
        raise UsageError(next(a for a in args if isinstance(a, Absent)).wanted)


class AbsentNetwork(nn.Module):
    """In place of the other player's network."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted

    def forward(self, *_: Any) -> NoReturn:
        raise UsageError(self.wanted)

    def named_parameters(self, *_: Any, **__: Any) -> NoReturn:
        raise UsageError(self.wanted)


class AbsentObjective:
    """In place of the adversarial loss."""

    abilities: frozenset[str] = frozenset()
    differentiates_samples = False

    def discriminator(self, s: Any) -> NoReturn:
        raise UsageError(
            "attach: this chain asks for the adversarial loss itself. Hand over yours as objective=, such as "
            "detente.engine.objectives.NonSaturating()."
        )

    generator = discriminator
