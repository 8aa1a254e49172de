"""Drift: keeps the critic's scores from growing."""

from torch import Tensor

from detente.engine.options import NonNegative
from detente.engine.regularizer import LinearGame, Regularizer
from detente.engine.step import Step


class Drift(Regularizer):
    r"""Penalizes large scores of real samples.

    ε · E_{x real} D(x)²      (Karras et al. 2018, appendix A.1)

    The Wasserstein loss does not change when a constant is added to D; this determines the constant.

    Args:
        weight: ε.

    On a linear critic: ε E (wᵀx)².
    """

    players = ("discriminator",)
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 1e-3) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, s: Step) -> Tensor:
        return self.weight * s.real_score.square().mean()

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self.weight * (game.real @ game.w).square().mean()
