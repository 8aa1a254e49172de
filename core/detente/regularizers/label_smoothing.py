"""One-sided label smoothing: real is 1 − ε."""

from torch import Tensor

from detente.engine.options import Probability
from detente.engine.regularizer import LinearGame, Regularizer
from detente.engine.step import Step


class LabelSmoothing(Regularizer):
    r"""Uses the label 1 − ε instead of 1 for real samples; the label of fakes stays 0.

    (1 − ε) softplus(−D) + ε softplus(D) = softplus(−D) + ε D,  so the penalty is ε E D(x)   (Salimans et al. 2016, 3.4)

    Exact for the logistic losses, and refused for others.

    Args:
        weight: ε.

    On a linear critic: ε E wᵀx.
    """

    players = ("discriminator",)
    needs = ("softplus",)
    off = {"weight": 0.0}

    def __init__(self, weight: Probability = 0.1) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, s: Step) -> Tensor:
        return self.weight * s.real_score.mean()

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self.weight * (game.real @ game.w).mean()
