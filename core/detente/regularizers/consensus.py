"""Consensus optimization: penalizes the gradients of both players."""

from torch import Tensor

from detente.engine.gradients import gradient_sumsq
from detente.engine.options import NonNegative
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.step import Role, Step


class Consensus(Regularizer):
    r"""Penalizes the norm of the joint gradient of both players.

    γ/2 · ‖v‖²,  v = (∇_ψ L_D, ∇_θ L_G)      (Mescheder et al. 2017, section 4)

    Used on both players; each minimizes it with respect to its own weights, through both gradients. So in the
    discriminator's update the fakes stay attached to the generator. The paper updates both players simultaneously.

    Args:
        gamma: γ.

    On Dirac with the Wasserstein objective: γ/2 (θ² + ψ²).
    """

    players = ("both", "discriminator", "generator")
    off = {"gamma": 0.0}
    compares_samples = True
    couples = True

    def __init__(self, gamma: NonNegative = 10.0) -> None:
        super().__init__()
        self.gamma = gamma

    def penalty(self, s: Step) -> Tensor:
        loss_d, loss_g = s.losses()
        v = gradient_sumsq(loss_d, s.discriminator) + gradient_sumsq(loss_g, s.generator)
        return self.gamma / 2 * v

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=2, generator=int(turn == "discriminator"), gradient=2)  # G's own fakes are attached
