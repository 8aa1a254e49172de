"""Jacobian clamping: bounds on how strongly samples react to their latents."""

import torch
from torch import Tensor

from detente.engine.augment import normal_like
from detente.engine.gradients import safe_sqrt
from detente.engine.options import NonNegative, Positive
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import each, leaves, per_sample, sumsq
from detente.engine.step import Role, Step
from detente.errors import UsageError


class JacobianClamp(Regularizer):
    r"""Keeps the relative change of a sample along a random direction of the latents between two bounds.

    Q = ‖G(z) − G(z′)‖ / ‖z − z′‖,  z′ = z + ε δ/‖δ‖,  δ ~ N(0, I)
    E (max(Q, λ_max) − λ_max)² + E (min(Q, λ_min) − λ_min)²      (Odena et al. 2018, algorithm 1)

    Both samples are made with the same noise inside the generator.

    Args:
        weight: factor of the sum; 1 in the paper.
        low: λ_min.
        high: λ_max.
        step: ε, the distance of z′ from z.

    With G(z) = cz: 0 for λ_min ≤ |c| ≤ λ_max, (|c| − λ_max)² above, (λ_min − |c|)² below.
    """

    players = ("generator",)
    off = {"weight": 0.0}

    def __init__(
        self, weight: NonNegative = 1.0, low: NonNegative = 1.0, high: NonNegative = 20.0, step: Positive = 1.0
    ) -> None:
        super().__init__()
        if low > high:
            raise UsageError(f"jacobian-clamp: low={low} should be at most high={high}.")
        self.weight, self.low, self.high, self.step = weight, low, high, step

    def penalty(self, s: Step) -> Tensor:
        delta = normal_like(s.z, s.m.rng.at("latents").generator(leaves(s.z)[0].device))
        unit = self.step / sumsq(delta).sqrt()  # [B]; a draw of zero length has probability zero
        near = s.generate(each(lambda z, d: z + per_sample(unit, d) * d, s.z, delta))
        q = safe_sqrt(sumsq(each(torch.sub, s.fake, near))) / self.step  # [B]
        return self.weight * ((q - self.high).relu().square() + (self.low - q).relu().square()).mean()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(generator=1)
