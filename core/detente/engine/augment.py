"""Random changes that several regularizers use: noise of any structure, and the domain's augmentations."""

from collections.abc import Sequence

import torch

from detente.engine import ranks
from detente.engine.sample import Augmentation, Sample, each, leaves
from detente.engine.step import DomainLike
from detente.engine.streams import Stream
from detente.errors import UsageError, did_you_mean

Policy = list[str] | None
"""Names of augmentations in the order in which they are applied; None for all that the domain has."""


def normal_like(x: Sample, generator: torch.Generator) -> Sample:
    """Standard normal noise shaped as `x`, for latents; a domain's own noise is `domain.noise_like`."""
    return each(lambda leaf: torch.randn(leaf.shape, generator=generator, device=leaf.device, dtype=leaf.dtype), x)


def augmentations(domain: DomainLike, policy: Sequence[str] | None, who: str) -> list[tuple[str, Augmentation]]:
    """The domain's augmentations that `policy` names, in its order.

    Args:
        domain: has the augmentations.
        policy: their names; None for all, in the domain's order.
        who: the regularizer that asks, for the error.

    Raises:
        UsageError: the domain has none, or none of a name.
    """
    found = domain.augmentations
    names = list(found) if policy is None else list(policy)
    if not found or not names:
        raise UsageError(
            f"{who} needs an augmentation, and "
            + (
                f"the domain {domain.name!r} has none. Remove {who}."
                if not found
                else "the option policy is an empty list."
            )
        )
    for name in names:
        if name not in found:
            raise UsageError(
                f"{who}: the domain {domain.name!r} has no augmentation {name!r}; it has {', '.join(found)}."
                + did_you_mean(name, found)
            )
    return [(name, found[name]) for name in names]


def augmented(x: Sample, domain: DomainLike, policy: Sequence[str] | None, stream: Stream, who: str) -> Sample:
    """`x` after the augmentations that `policy` names, each with draws of its own.

    Raises:
        UsageError: as `augmentations` does.
    """
    for name, augment in augmentations(domain, policy, who):
        x = ranks.jointly(augment, x, stream.at(name).generator(leaves(x)[0].device))
    return x
