"""Mode seeking: penalizes similar samples from different latents."""

from torch import Tensor

from detente.engine import ranks
from detente.engine.options import NonNegative, Positive
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import Sample, each, leaves
from detente.engine.step import Role, Step


class ModeSeeking(Regularizer):
    r"""Penalizes the inverse of the distance between samples relative to that between their latents.

    λ / (Δ_G / Δ_z + ε),  Δ_G = E|G(z₁) − G(z₂)|,  Δ_z = E|z₁ − z₂|      (Mao et al. 2019)

    The paper maximizes the ratio; that its inverse is added to the loss, and that the ratio is one of means over the
    batch and all entries, is the released code's form. z₂ are the latents of a neighbour in the batch, and so from the
    model's own distribution, whatever that is; condition and noise stay those of z₁. For a batch of one the penalty is
    λ/ε.

    Args:
        weight: λ.
        eps: ε.

    With G(z) = az on the line: λ / (|a| + ε).
    """

    players = ("generator",)
    off = {"weight": 0.0}
    compares_samples = True

    def __init__(self, weight: NonNegative = 1.0, eps: Positive = 1e-5) -> None:
        super().__init__()
        self.weight, self.eps = weight, eps

    def penalty(self, s: Step) -> Tensor:
        z = ranks.own_rows(each(lambda leaf: leaf.roll(1, 0), ranks.joint_batch(s.z)))
        apart = _distance(s.fake, s.generate(z)) / _distance(s.z, z).clamp(min=self.eps)
        return self.weight / (apart + self.eps)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(generator=1)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        z = game.z - game.z.roll(1, 0)
        return self.weight / ((z @ game.A.T).abs().mean() / z.abs().mean() + self.eps)


def _distance(a: Sample, b: Sample) -> Tensor:
    """The mean absolute difference over all entries of all leaves."""
    gaps = leaves(each(lambda p, q: (p - q).abs(), a, b))
    total = gaps[0].sum()
    for gap in gaps[1:]:
        total = total + gap.sum()
    return ranks.mean(total / sum(gap.numel() for gap in gaps))
