"""Zero-centred gradient penalty between real and fake samples."""

from torch import Tensor

from detente.engine.gradients import input_gradient, mix
from detente.engine.options import NonNegative
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import leaves, sumsq
from detente.engine.step import SPACES, PenaltySpace, Role, Step


class ZeroCentredGP(Regularizer):
    r"""Penalizes the critic's gradient between real and fake samples.

    λ · E_x̂ ‖∇_x̂ D(x̂)‖²,  x̂ on the line from a real to a fake sample      (Thanh-Tung et al. 2019)

    There is no ½ here, so λ corresponds to γ = 2λ in r1 and r2. `gradient-penalty` with target 0 is the same.

    Args:
        weight: λ.
        space: "input": gradient with respect to the sample before augmentation; "embedding": with respect to D's
            embedding of the augmented sample.

    Raises:
        UsageError: D has no embedding to take `space="embedding"` at.

    On a linear critic w: λ‖w‖².
    """

    players = ("discriminator",)
    bounds_critic = True
    slope_target = 0.0
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 10.0, space: PenaltySpace = "input") -> None:
        super().__init__()
        self.weight = weight
        self.space: PenaltySpace = space
        self.needs = (*self.needs, *SPACES[space].needs)

    def penalty(self, s: Step) -> Tensor:
        real, fake = s.real_at(self.space), s.fake_at(self.space)
        x = mix(real, fake, s.m.rng.at("mix").generator(leaves(real)[0].device))
        grad = input_gradient(s.critic(x, self.space), x)  # [B, ...]
        return self.weight * sumsq(grad).mean()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1, gradient=1)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self.weight * game.w @ game.w
