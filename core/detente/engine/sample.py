"""A Sample is a Tensor or a tuple of Tensors; every leaf has the batch as its first dimension.

The engine and every regularizer treat data through these functions alone, so that an image [B, C, H, W], a sentence on
the simplex [B, T, V] and a graph ([B, N, N, K], [B, N, T]) need no code of their own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

Sample: TypeAlias = Tensor | tuple[Tensor, ...]
"""A batch of samples: one tensor [B, ...], or a tuple of them (its leaves), each with the batch first."""


def leaves(x: Sample) -> tuple[Tensor, ...]:
    """The tensors of a sample, [B, ...] each, in order."""
    return (x,) if isinstance(x, Tensor) else x


def like(x: Sample, new: Iterable[Tensor]) -> Sample:
    """The tensors `new`, one for each leaf [B, ...] of `x`, arranged as `x` is."""
    return next(iter(new)) if isinstance(x, Tensor) else tuple(new)


def each(f: Callable[..., Tensor], *xs: Sample) -> Sample:
    """Apply `f` leaf by leaf ([B, ...] each) to samples of one structure."""
    if isinstance(xs[0], Tensor):
        return f(*xs)
    return tuple(f(*parts) for parts in zip(*(leaves(x) for x in xs), strict=True))


def batch_size(x: Sample) -> int:
    """B, the number of samples in a batch [B, ...] per leaf."""
    return leaves(x)[0].shape[0]


def detach(x: Sample) -> Sample:
    """The same values and shapes outside any graph."""
    return each(Tensor.detach, x)


def as_input(x: Sample) -> Sample:
    """The same values as fresh leaves of a graph, so that a penalty can differentiate with respect to them."""
    return each(lambda leaf: leaf.detach().requires_grad_(), x)


def to(x: Sample, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Sample:
    """Move or convert every leaf."""
    return each(lambda leaf: leaf.to(device=device, dtype=dtype), x)


def rows(x: Sample, index: Tensor | slice) -> Sample:
    """The samples that `index` selects."""
    return each(lambda leaf: leaf[index], x)


def cat(xs: Iterable[Sample]) -> Sample:
    """Concatenate batches of one structure."""
    return each(lambda *parts: torch.cat(parts), *xs)


def per_sample(values: Tensor, leaf: Tensor) -> Tensor:
    """Shape `values` [B] so that they multiply `leaf` [B, ...] sample by sample."""
    return values.reshape(-1, *(1,) * (leaf.dim() - 1))


def lerp(a: Sample, b: Sample, weight: Tensor) -> Sample:
    """(1 − w)·a + w·b with one weight per sample, the same for all its leaves; `weight` is [B]."""
    return each(lambda p, q: torch.lerp(p, q, per_sample(weight, p).to(p.dtype)), a, b)


def sumsq(x: Sample) -> Tensor:
    """Squared norm over all non-batch dimensions of all leaves, jointly: [B].

    Half-precision leaves are squared in float32, where 256² pixels of gradient do not overflow.
    """
    return inner(x, x)


def inner(x: Sample, y: Sample) -> Tensor:
    """Inner product over all non-batch dimensions of all leaves, jointly: [B]."""
    total: Tensor | None = None
    for a, b in zip(leaves(x), leaves(y), strict=True):
        part = (_wide(a) * _wide(b)).flatten(1).sum(1) if a.dim() > 1 else _wide(a) * _wide(b)
        total = part if total is None else total + part
    assert total is not None, "a sample has at least one leaf"
    return total


def _wide(leaf: Tensor) -> Tensor:
    return leaf.float() if leaf.dtype in (torch.float16, torch.bfloat16) else leaf


Augmentation = Callable[[Sample, torch.Generator], Sample]
"""A random change that preserves what a sample shows; differentiable, using only the given random generator."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One tensor of a sample, without its batch dimension."""

    shape: tuple[int, ...]
    name: str = "x"
    channel_axis: int = -1
    """Dimension of the batched tensor [B, ...] that holds channels, symbols or types; the others are positions."""
    symbols: tuple[str, ...] = ()
    """The meaning of each entry along the channel axis if it depends on the data, such as the words of a vocabulary."""


@dataclass(frozen=True, slots=True)
class Space:
    """The shape of a discriminator's input: the leaves of a sample, and its labels if there are any."""

    leaves: tuple[Leaf, ...]
    classes: int | None = None
    condition: tuple[int, ...] | None = None
    """Shape of a condition that is not a class label; labels are then floating point, [B, *condition]."""


class Batch(NamedTuple):
    """Real samples, and their condition if the model takes one."""

    x: Sample
    labels: Tensor | None = None
