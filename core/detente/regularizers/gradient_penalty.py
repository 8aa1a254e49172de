"""The gradient penalty of WGAN-GP."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from torch import Tensor

from detente.engine.gradients import Logits, input_gradient, mix, position_sumsq, safe_sqrt
from detente.engine.options import NonNegative
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import Sample, leaves, sumsq
from detente.engine.step import SPACES, PenaltySpace, Role, Step


class GradientPenalty(Regularizer):
    r"""Pulls the norm of the critic's input gradient towards a target.

    λ · E_x̂ (‖∇_x̂ D(x̂)‖ − target)²,  x̂ on the line from a real to a fake sample      (Gulrajani et al. 2017, eq. 3)

    There is one norm over all leaves of a sample. Where the gradient is zero the penalty is λ·target² and its
    derivative is zero.

    Args:
        weight: λ.
        target: the norm without penalty.
        one_sided: whether only norms above the target are penalized (the paper's section 4, "two-sided penalty",
            discusses it).
        points: where to evaluate it: on mixes of real and fake samples, on real or on fake samples.
        space: "input": gradient with respect to the sample before augmentation; "embedding": with respect to D's
            embedding of the augmented sample.
        scope: "sample" has one norm per sample, "position" one per position (a pixel, a word, an atom or bond), whose
            penalties are averaged.

    Raises:
        UsageError: D has no embedding to take `space="embedding"` at.

    On a linear critic w = (3, 4) with the defaults: 10·(5 − 1)² = 160.
    """

    players = ("discriminator",)
    bounds_critic = True
    off = {"weight": 0.0}

    def __init__(
        self,
        weight: NonNegative = 10.0,
        target: NonNegative = 1.0,
        one_sided: bool = False,
        points: Literal["mix", "real", "fake"] = "mix",
        space: PenaltySpace = "input",
        scope: Literal["sample", "position"] = "sample",
    ) -> None:
        super().__init__()
        self.slope_target, self.by_position = target, _SCOPES[scope].by_position
        self.weight, self.target, self.one_sided = weight, target, one_sided
        self.points, self.scope = points, scope
        self.space: PenaltySpace = space
        self.needs = (*self.needs, *SPACES[space].needs)

    def penalty(self, s: Step) -> Tensor:
        x, logits = _POINTS[self.points].look(s, self.space)
        grad = input_gradient(logits, x)  # [B, ...]
        excess = safe_sqrt(_SCOPES[self.scope].sumsq(grad, s, self.space)) - self.target  # [B] or [B, P]
        return self.weight * (excess.clamp(min=0) if self.one_sided else excess).square().mean()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=_POINTS[self.points].critic, gradient=1)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        excess = game.w.norm() - self.target
        return self.weight * (excess.clamp(min=0) if self.one_sided else excess).square()


def _mixed(s: Step, space: PenaltySpace) -> tuple[Sample, Logits]:
    real, fake = s.real_at(space), s.fake_at(space)
    x = mix(real, fake, s.m.rng.at("mix").generator(leaves(real)[0].device))
    return x, s.critic(x, space)


class _Points(NamedTuple):
    look: Callable[[Step, PenaltySpace], tuple[Sample, Logits]]
    critic: int
    """Passes through the critic that it takes beyond the engine's own."""


_POINTS = {
    "mix": _Points(_mixed, critic=1),
    "real": _Points(lambda s, space: (s.real_at(space), s.real_logits), critic=0),
    "fake": _Points(lambda s, space: (s.fake_at(space), s.fake_logits), critic=0),
}


class _Scope(NamedTuple):
    sumsq: Callable[[Sample, Step, PenaltySpace], Tensor]
    """Squared norms of a gradient, [B] or [B, P]."""
    by_position: bool


_SCOPES = {
    "sample": _Scope(lambda grad, s, space: sumsq(grad), by_position=False),
    "position": _Scope(lambda grad, s, space: position_sumsq(grad, s.channel_axes(space)), by_position=True),
}
