"""Roth's regularizer: the effect of noise on both distributions, as a gradient penalty."""

from torch import Tensor

from detente.engine.gradients import Logits, input_gradient, score
from detente.engine.options import NonNegative
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import Sample, sumsq
from detente.engine.step import SPACES, PenaltySpace, Role, Step


class Roth(Regularizer):
    r"""The Jensen-Shannon regularizer: squared gradients on both sides, weighted by the critic's uncertainty.

    γ/2 · (E_{x~P} (1 − σ(D))² ‖∇D‖² + E_{x̃~Q} σ(D)² ‖∇D‖²)      (Roth et al. 2017, algorithm 1)

    To first order in γ it has the effect of noise of variance γ on both distributions. D are logits, σ(D) is the
    probability of real; the gradient flows through the weights as in the released code. With several positions or
    sub-critics σ is taken of the score.

    Args:
        gamma: γ. The paper anneals it: `gamma={from: 0.1, to: 0.001, over: 1}`.
        space: "input": gradient with respect to the sample before augmentation; "embedding": with respect to D's
            embedding of the augmented sample.

    Raises:
        UsageError: D has no embedding to take `space="embedding"` at.

    On Dirac: γ/2 · ψ² (¼ + σ(ψθ)²); at the equilibrium γ/4 · ψ², as r1 with half that γ.
    """

    players = ("discriminator",)
    bounds_critic = True
    slope_target = 0.0
    needs = ("softplus",)
    off = {"gamma": 0.0}

    def __init__(self, gamma: NonNegative = 0.1, space: PenaltySpace = "input") -> None:
        super().__init__()
        self.gamma = gamma
        self.space: PenaltySpace = space
        self.needs = (*self.needs, *SPACES[space].needs)

    def penalty(self, s: Step) -> Tensor:
        real = _weighted(s.real_logits, s.real_at(self.space), sign=-1)
        fake = _weighted(s.fake_logits, s.fake_at(self.space), sign=1)
        return self.gamma / 2 * (real + fake)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(gradient=2)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        w = game.w
        doubt = (-game.real @ w).sigmoid().square().mean() + (game.fake @ w).sigmoid().square().mean()
        return self.gamma / 2 * doubt * (w @ w)


def _weighted(logits: Logits, x: Sample, sign: int) -> Tensor:
    """E σ(±D)² ‖∇D‖², since 1 − σ(D) = σ(−D)."""
    doubt = (sign * score(logits)).sigmoid()  # [B]
    return (doubt.square() * sumsq(input_gradient(logits, x))).mean()
