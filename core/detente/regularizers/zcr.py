"""Latent consistency: nearby latents get the same score but different samples."""

import torch
from torch import Tensor

from detente.engine.augment import normal_like
from detente.engine.gradients import score
from detente.engine.options import NonNegative
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import Sample, each, leaves, sumsq
from detente.engine.step import Role, Step


class ZCR(Regularizer):
    r"""The discriminator's half of zCR: penalizes the change of the score after a small step in latent space.

    λ_dis · E (D(G(z)) − D(G(z + Δz)))²,  Δz ~ N(0, σ²I)      (Zhao et al. 2021, algorithm 2)

    The paper's method is this on the discriminator and `latent-spread` on the generator; alone, it favours a generator
    that ignores its latents. Both samples use the same noise inside the generator, and no gradient flows to it.

    Args:
        weight: λ_dis.
        std: σ, in units of the latents.

    On a linear critic w and G(z) = Az: λ_dis σ² ‖Aᵀw‖² on average over Δz.
    """

    players = ("discriminator",)
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 5.0, std: NonNegative = 0.03) -> None:
        super().__init__()
        self.weight, self.std = weight, std

    def penalty(self, s: Step) -> Tensor:
        with torch.no_grad():
            near = s.generate(_near(s, self.std))
        return self.weight * (s.fake_score - score(s.critic(near))).square().mean()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1, generator=1)


class LatentSpread(Regularizer):
    r"""The generator's half of zCR: rewards different samples for nearby latents.

    −λ_gen · E ‖G(z) − G(z + Δz)‖²,  Δz ~ N(0, σ²I)      (Zhao et al. 2021, algorithm 2)

    Its value is negative and has no lower bound; only the adversarial term limits it.

    Args:
        weight: λ_gen.
        std: σ, in units of the latents.

    On G(z) = Az: −λ_gen σ² ‖A‖² (the sum of squared entries) on average over Δz.
    """

    players = ("generator",)
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 0.5, std: NonNegative = 0.03) -> None:
        super().__init__()
        self.weight, self.std = weight, std

    def penalty(self, s: Step) -> Tensor:
        near = s.generate(_near(s, self.std))
        return -self.weight * sumsq(each(torch.sub, s.fake, near)).mean()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(generator=1)


def _near(s: Step, std: float) -> Sample:
    """The latents z + Δz."""
    noise = normal_like(s.z, s.m.rng.at("latents").generator(leaves(s.z)[0].device))
    return each(lambda z, n: z.add(n, alpha=std), s.z, noise)
