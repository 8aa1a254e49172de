"""Path length: a generator whose samples change equally fast everywhere in latent space."""

import math

import torch
from torch import Tensor

from detente.engine import ranks
from detente.engine.gradients import differentiated, safe_sqrt
from detente.engine.options import Fraction, NonNegative
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import batch_size, inner, leaves, like, sumsq
from detente.engine.step import Role, Step


class PathLength(Regularizer):
    r"""Pulls the norm of Jᵀy, for random directions y, towards its running mean.

    λ · E_{w, y} (‖J_wᵀ y‖ − a)²,  y = ε / √P,  ε ~ N(0, I) of the domain's kind      (Karras et al. 2020, eq. 4)
    a ← β a + (1 − β) E ‖J_wᵀ y‖

    P counts the positions of a sample (pixels, words, atoms and bonds) over all leaves; where the space of the samples
    is not stated every entry is one. w are the inner latents of a generator that has the ability "mapping", as
    StyleGAN2's; for all others they are z. The released code takes the mean over the layers that w enters, which is
    shorter. a starts at 0 and is used before it is updated. Intended for `every=4` or more.

    Args:
        weight: λ.
        decay: β.

    With G(z) = Az and y of one position: λ (‖Aᵀy‖ − a)². With G(z) = A f(z) and w = f(z) as well.
    """

    players = ("generator",)
    off = {"weight": 0.0}

    mean: Tensor

    def __init__(self, weight: NonNegative = 2.0, decay: Fraction = 0.99) -> None:
        super().__init__()
        self.weight, self.decay = weight, decay
        self.register_buffer("mean", torch.zeros(()))

    def penalty(self, s: Step) -> Tensor:
        x, w = s.generate_from_inner(s.z)
        y = s.domain.noise_like(x, s.m.rng.at("direction").generator(leaves(x)[0].device))
        along = inner(x, y).sum() / math.sqrt(_positions(s))
        length = safe_sqrt(sumsq(like(w, differentiated(along, leaves(w)))))  # [B]
        value = self.weight * (length - self.mean.clone()).square().mean()  # a is written in place below
        self.mean.lerp_(ranks.mean(length.detach().mean()).to(self.mean), 1 - self.decay)
        return value

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(generator=1, gradient=1)


def _positions(s: Step) -> int:
    """P."""
    parts = leaves(s.fake)
    entries = [leaf.numel() // batch_size(s.fake) for leaf in parts]
    if s.space is None:
        return sum(entries)
    channels = [leaf.shape[axis] for leaf, axis in zip(parts, s.channel_axes("input"), strict=True)]
    return sum(n // c for n, c in zip(entries, channels, strict=True))
