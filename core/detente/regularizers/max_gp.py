"""MaxGP: a bound on the critic's steepest slope instead of its average one."""

from torch import Tensor

from detente.engine import ranks
from detente.engine.gradients import input_gradient, mix
from detente.engine.options import NonNegative
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import leaves, sumsq
from detente.engine.step import SPACES, PenaltySpace, Role, Step


class MaxGP(Regularizer):
    r"""Penalizes the largest squared gradient norm of the critic in the batch.

    λ · max_x̂ ‖∇_x̂ D(x̂)‖²,  x̂ on lines from real to fake samples      (Zhou et al. 2019)

    The maximum over a batch estimates the Lipschitz constant k(D) from below; the paper penalizes λ k(D)². If several
    samples have the maximum, they share the gradient.

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
    compares_samples = True

    def __init__(self, weight: NonNegative = 1.0, space: PenaltySpace = "input") -> None:
        super().__init__()
        self.weight = weight
        self.space: PenaltySpace = space
        self.needs = (*self.needs, *SPACES[space].needs)

    def penalty(self, s: Step) -> Tensor:
        real, fake = s.real_at(self.space), s.fake_at(self.space)
        x = mix(real, fake, s.m.rng.at("mix").generator(leaves(real)[0].device))
        grad = input_gradient(s.critic(x, self.space), x)  # [B, ...]
        return self.weight * ranks.joint_batch(sumsq(grad)).amax()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1, gradient=1)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self.weight * game.w @ game.w
