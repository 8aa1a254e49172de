"""Draws of packed toy data: three disjoint splits and a hash of what is in them."""

import ctypes
import json
import math
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import torch

from detente.domains.packed import PackedData
from detente.domains.room import check_memory, short_count
from detente.engine.sample import Sample, Space, cat, leaves, rows
from detente.engine.streams import Stream

HELD_OUT = REFERENCE = 2000
"""Samples in each of the two splits that nothing trains on."""


class Splits(NamedTuple):
    """Training, held-out and reference samples, from streams of their own."""

    train: Sample
    held_out: Sample
    reference: Sample


Draw = Callable[[int, torch.Generator], Sample]
"""Makes a number of samples from a generator of random numbers."""


class Drawn(PackedData):
    """Toy data that are drawn from a distribution: there is no end of real samples.

    Args:
        name: of the data.
        space: of a sample.
        sample: makes them.
        size: how many to train on.
        seed: of the draws; equal seeds give equal data.
        told: what the content depends on, for the name of the data in caches.
    """

    def __init__(self, name: str, space: Space, sample: Draw, size: int, seed: int, told: Mapping[str, Any]) -> None:
        of = " and ".join("×".join(map(str, leaf.shape)) or "one number" for leaf in space.leaves)
        numbers = sum(math.prod(leaf.shape) for leaf in space.leaves)
        check_memory(f"data.size: {short_count(size)} samples of {of}", 4 * size * numbers)
        splits = draw(sample, size, seed)
        super().__init__(space, *splits, identity=identity(name, splits, **told))
        self._sample, self._further = sample, Stream(seed).at("data").at("further")

    def real(self, n: int) -> Sample:
        """The held-out samples; beyond them new draws."""
        parts = [self._held_out]
        parts += [self._sample(HELD_OUT, self._further.at(k).generator()) for k in range(1, -(-n // HELD_OUT))]
        return self.encode(rows(cat(parts), slice(0, n)))


def draw(sample: Draw, size: int, seed: int) -> Splits:
    """`size` training samples and the two other splits.

    Args:
        sample: makes a number of samples from a generator of random numbers.
        size: how many to train on.
        seed: of the draws; equal seeds give equal data.
    """
    root = Stream(seed).at("data")
    return Splits(
        sample(size, root.at("train").generator()),
        sample(HELD_OUT, root.at("held-out").generator()),
        sample(REFERENCE, root.at("reference").generator()),
    )


def identity(name: str, splits: Splits, **options: Any) -> str:
    """A hash of the name, the options and every number of the three splits."""
    content = blake2b(json.dumps([name, options], sort_keys=True).encode(), digest_size=16)
    for split in splits:
        for leaf in leaves(split):
            content.update(f"{tuple(leaf.shape)}{leaf.dtype}".encode())
            content.update(_bytes(leaf.contiguous()))
    return content.hexdigest()


def _bytes(x: torch.Tensor) -> bytes:
    """The content of a tensor on the CPU; NumPy, which would hand it out, comes with the extra `run`."""
    return ctypes.string_at(x.data_ptr(), x.numel() * x.element_size())
