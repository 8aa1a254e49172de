"""R1 and R2 by a finite difference: gradient penalties without a second derivative."""

from typing import Literal

from torch import Tensor

from detente.engine.gradients import score
from detente.engine.options import NonNegative, Positive
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import Sample, detach, each, leaves
from detente.engine.step import Role, Step


class ApproxR1(Regularizer):
    r"""Penalizes the change of a real sample's score under a little Gaussian noise.

    λ · E_{x~p_D, ε~N(0, I)} (D(x + σε) − D(x))²      (Lin et al. 2025, approximated R1)

    For small σ it is R1 with γ = 2λσ², and it needs no derivative of a gradient, so it works where there is none: in
    compiled networks and with fused attention. The noise is of the domain's kind. Both scores have the same draws of
    dropout and augmentation, and the gradient flows through both.

    Args:
        weight: λ.
        std: σ, the standard deviation of the noise, in units of the encoded sample.

    On a linear critic w: λσ² · mean (wᵀε)², whose expectation is λσ² ‖w‖². On a quadratic one with gradient g and
    Hessian H the expectation is λ (σ² ‖g‖² + σ⁴/4 (tr² H + 2 ‖H‖²)).
    """

    players = ("discriminator",)
    bounds_critic = True
    slope_target = 0.0
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 100.0, std: Positive = 0.01) -> None:
        super().__init__()
        self.weight, self.std = weight, std

    def penalty(self, s: Step) -> Tensor:
        return self.weight * _change(s, "real", s.real, s.real_score, self.std)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1)


class ApproxR2(Regularizer):
    r"""Penalizes the change of a generated sample's score under a little Gaussian noise.

    λ · E_{x̃~G, ε~N(0, I)} (D(x̃ + σε) − D(x̃))²      (Lin et al. 2025, the same on generated samples)

    For small σ it is R2 with γ = 2λσ². No gradient flows to the generator.

    Args:
        weight: λ.
        std: σ, the standard deviation of the noise, in units of the encoded sample.

    On a linear critic w: λσ² · mean (wᵀε)², whose expectation is λσ² ‖w‖².
    """

    players = ("discriminator",)
    bounds_critic = True
    slope_target = 0.0
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 100.0, std: Positive = 0.01) -> None:
        super().__init__()
        self.weight, self.std = weight, std

    def penalty(self, s: Step) -> Tensor:
        return self.weight * _change(s, "fake", s.fake, s.fake_score, self.std)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1)


def _change(s: Step, which: Literal["real", "fake"], x: Sample, before: Tensor, std: float) -> Tensor:
    x = detach(x)
    noise = s.domain.noise_like(x, s.m.rng.at("noise").generator(leaves(x)[0].device))
    noisy = each(lambda leaf, n: leaf.add(n, alpha=std), x, noise)
    return (score(s.critic_again(which, noisy)) - before).square().mean()
