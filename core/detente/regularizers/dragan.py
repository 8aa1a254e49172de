"""DRAGAN: a critic of slope one around the data."""

import torch
from torch import Tensor

from detente.engine import ranks
from detente.engine.gradients import input_gradient, safe_sqrt
from detente.engine.options import NonNegative
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import Sample, detach, each, leaves, sumsq
from detente.engine.step import Role, Step


class DRAGAN(Regularizer):
    r"""Pulls the norm of the critic's input gradient to a target in the neighbourhood of real samples.

    λ · E_{x, δ} (‖∇D(x + δ)‖ − k)²,  δ = c · std(x) · ε,  ε ~ N(0, I)      (Kodali et al. 2017, algorithm 1)

    The noise is Gaussian as in the paper, of the domain's kind. It is scaled by the data's standard deviation as in the
    released code, which draws uniform noise from [0, 1) and then a random point between the sample and the noisy
    sample. std is one number, over all entries of all samples and leaves of the batch. Generated samples are not used.

    Args:
        weight: λ.
        target: k, the norm without penalty.
        scale: c.

    On a linear critic w = (3, 4) with the defaults: 10·(5 − 1)² = 160.
    """

    players = ("discriminator",)
    bounds_critic = True
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 10.0, target: NonNegative = 1.0, scale: NonNegative = 0.5) -> None:
        super().__init__()
        self.slope_target = target
        self.weight, self.target, self.scale = weight, target, scale

    def penalty(self, s: Step) -> Tensor:
        real = detach(s.real)
        noise = s.domain.noise_like(real, s.m.rng.at("noise").generator(leaves(real)[0].device))
        reach = self.scale * _std(real)
        x = each(lambda leaf, n: (leaf + reach * n).requires_grad_(), real, noise)
        norm = safe_sqrt(sumsq(input_gradient(s.critic(x), x)))  # [B]
        return self.weight * (norm - self.target).square().mean()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1, gradient=1)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self.weight * (game.w.norm() - self.target).square()


def _std(x: Sample) -> Tensor:
    """Of all entries, divided by their number: a batch repeated twice has the same."""
    entries = torch.cat([leaf.flatten() for leaf in leaves(x)])
    if ranks.size == 1:
        return entries.std(correction=0)
    return ranks.mean((entries - ranks.mean(entries.mean())).square().mean()).sqrt()
