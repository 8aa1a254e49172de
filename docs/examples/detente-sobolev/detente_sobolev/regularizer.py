"""Sobolev: the critic's slope is bounded by a multiplier that is learned."""

import torch
from detente import (
    Count,
    LinearGame,
    Moment,
    NonNegative,
    Passes,
    Positive,
    Ramp,
    Regularizer,
    Step,
    input_gradient,
    joint_batch,
    sumsq,
)
from torch import Tensor, nn


class Sobolev(Regularizer):
    r"""Keeps the critic's mean squared slope below a bound, with as much strength as that takes.

    (max(0, λ + ρ (Ω − bound))² − λ²) / 2ρ,  Ω = ½ E_{x real} ‖∇_x D(x)‖² + ½ E_{x̃ fake} ‖∇_x D(x̃)‖²
    λ ← max(0, λ + ρ (Ω − bound)) after each update      (Mroueh et al. 2018, algorithm 1, for Ω ≤ bound)

    The augmented Lagrangian of a constraint on the critic. λ is state: it rises as long as the critic is too steep and
    falls when it no longer is, so that no strength has to be chosen. The paper has Ω = 1 in place of Ω ≤ 1, whose λ
    may turn negative and then makes a critic steeper; that suits its own loss, and broke all of three runs with the
    logistic one on the ring. ρ has a schedule: it grows linearly from ρ/warm_up at the first update, because early
    slopes say little about later ones.

    Args:
        rho: ρ, the rate of λ and the strength of the quadratic term. The paper has 1e-8 to 1e-4, for slopes that are
            sums over the pixels of a picture.
        bound: the largest squared slope, in squared logits per squared unit of the sample; the paper's is 1.
        warm_up: updates until ρ has its value.

    On a linear critic w of more than the bound at the first update: ρ/(2 warm_up) · (‖w‖² − bound)².
    """

    players = ("discriminator",)
    bounds_critic = True
    compares_samples = True  # the square of a mean over samples
    changes_itself_only = True
    sets_up_next = True
    off = {"rho": 0.0}

    multiplier: Tensor
    strength: Tensor
    slope: Tensor

    def __init__(self, rho: NonNegative = 1e-3, bound: Positive = 1.0, warm_up: Count = 100) -> None:
        super().__init__()
        self.rho, self.bound, self.warm_up = rho, bound, warm_up
        self.register_buffer("multiplier", torch.zeros(()))
        self.register_buffer("strength", torch.tensor(self._strength(0)))
        self.register_buffer("slope", torch.tensor(float(bound)))
        self._awake = False

    def _strength(self, t: int) -> float:
        return Ramp(self.rho / self.warm_up, self.rho, self.warm_up).at(t)

    def attach(self, net: nn.Module) -> None:
        # A rho that is annealed down to 0 leaves λ where it is, which is no reason to skip.
        self._awake = self.rho != 0

    def penalty(self, s: Step) -> Tensor:
        real, fake = (sumsq(input_gradient(y, x)) for y, x in ((s.real_logits, s.real), (s.fake_logits, s.fake)))
        slope = joint_batch((real + fake) / 2).mean()  # of the joint batch, where several processes have parts of it
        self.slope.copy_(slope.detach())
        return self._lagrangian(slope)

    def _lagrangian(self, slope: Tensor) -> Tensor:
        # Copies: both move after the update, and a graph must not find them changed.
        multiplier, rho = self.multiplier.clone(), self.strength.clone()
        excess = slope - self.bound
        held = multiplier * excess + rho / 2 * excess.square()
        slack = -multiplier.square() / (2 * rho.clamp(min=1e-30))
        return torch.where(multiplier + rho * excess > 0, held, slack)

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        self.multiplier.add_(self.strength * (self.slope - self.bound)).clamp_(min=0)
        self.strength.fill_(self._strength(m.t + 1))

    def passes(self, turn: str = "discriminator") -> Passes:
        return Passes(gradient=2)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self._lagrangian(game.w @ game.w)

    def inactive(self, m: Moment) -> bool:
        return not self._awake and super().inactive(m)

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        return {"multiplier": self.multiplier.clone(), "slope": self.slope.clone(), "rho": self.strength.clone()}
