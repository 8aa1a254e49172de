"""Nagarajan and Kolter's term: a generator that moves to where the discriminator cannot improve."""

from torch import Tensor

from detente.engine.gradients import gradient_sumsq
from detente.engine.options import NonNegative
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.step import Role, Step


class NagarajanKolter(Regularizer):
    r"""Penalizes the generator for the norm of the discriminator's gradient.

    η · ‖∇_ψ V(θ, ψ)‖²      (Nagarajan & Kolter 2017, section 4)

    V is what the discriminator maximizes, the negative of its loss without penalties. The discriminator's loss does not
    change.

    Args:
        weight: η.

    On Dirac with the Wasserstein objective: η θ².
    """

    players = ("generator",)
    off = {"weight": 0.0}
    compares_samples = True

    def __init__(self, weight: NonNegative = 0.5) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, s: Step) -> Tensor:
        return self.weight * gradient_sumsq(s.objective.discriminator(s), s.discriminator)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1, gradient=1)  # on the reals, which most objectives do not score in the generator's turn
