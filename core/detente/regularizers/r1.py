"""R1: gradient penalty on real samples."""

from torch import Tensor

from detente.engine.gradients import input_gradient
from detente.engine.options import NonNegative
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import sumsq
from detente.engine.step import SPACES, PenaltySpace, Role, Step


class R1(Regularizer):
    r"""Zero-centred gradient penalty on real data.

    R₁(ψ) = γ/2 · E_{x~p_D} ‖∇_x D_ψ(x)‖²      (Mescheder et al. 2018, eq. 9)

    It shares the logits of the real batch with the objective, so it costs one more backward pass and its derivative.

    Args:
        gamma: γ. The γ/2 is the paper's; StyleGAN's option of that name means the same, GAN_stability's is half of it.
        space: "input": gradient with respect to the sample before augmentation; "embedding": with respect to D's
            embedding of the augmented sample.

    Raises:
        UsageError: D has no embedding to take `space="embedding"` at.

    On a linear critic w: γ/2 · ‖w‖². On Dirac: γ/2 · ψ².
    """

    players = ("discriminator",)
    bounds_critic = True
    slope_target = 0.0
    off = {"gamma": 0.0}

    def __init__(self, gamma: NonNegative = 10.0, space: PenaltySpace = "input") -> None:
        super().__init__()
        self.gamma = gamma
        self.space: PenaltySpace = space
        self.needs = (*self.needs, *SPACES[space].needs)

    def penalty(self, s: Step) -> Tensor:
        grad = input_gradient(s.real_logits, s.real_at(self.space))  # [B, ...]
        return self.gamma / 2 * sumsq(grad).mean()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(gradient=1)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self.gamma / 2 * game.w @ game.w
