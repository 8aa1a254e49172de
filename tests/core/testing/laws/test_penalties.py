"""A penalty whose value, gradient, draws or cost are wrong is caught by name."""

import pytest
import torch

from detente.engine.gradients import input_gradient, mix, safe_sqrt
from detente.engine.regularizer import LinearGame
from detente.engine.sample import leaves, sumsq
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.r1 import R1
from planted import assert_caught


class PlainRoot(GradientPenalty):
    """√ with its infinite slope at 0."""

    def penalty(self, s):
        x = mix(s.real, s.fake, s.m.rng.generator())
        return self.weight * (sumsq(input_gradient(s.critic(x), x)).sqrt() - 1).square().mean()


class GlobalDraws(GradientPenalty):
    def penalty(self, s):
        alpha = torch.rand(len(leaves(s.real)[0]), dtype=leaves(s.real)[0].dtype)
        x = torch.utils._pytree.tree_map(
            lambda r, f: (r + alpha.reshape(-1, *[1] * (r.dim() - 1)) * (f - r)).detach().requires_grad_(),
            s.real,
            s.fake,
        )
        return self.weight * (safe_sqrt(sumsq(input_gradient(s.critic(x), x))) - 1).square().mean()


class SharedStream(GradientPenalty):
    """Draws from the turn's stream instead of its own."""

    def penalty(self, s):
        x = mix(s.real, s.fake, s.root.at("mix").generator())
        return self.weight * (safe_sqrt(sumsq(input_gradient(s.critic(x), x))) - 1).square().mean()


class DetachedPart(R1):
    """A factor that should be differentiated is not."""

    def penalty(self, s):
        grad = input_gradient(s.real_logits, s.real)
        return self.gamma / 2 * (sumsq(grad) * sumsq(grad).detach()).mean()

    def on_linear_game(self, game: LinearGame):
        return self.gamma / 2 * (game.w @ game.w).square()


class HalfPrecision(R1):
    def penalty(self, s):
        value = super().penalty(s)
        return value.bfloat16() if value.dtype == torch.float32 else value


class HiddenForward(R1):
    """One more forward than it declares."""

    def penalty(self, s):
        return self.gamma / 2 * sumsq(input_gradient(s.critic(s.real), s.real)).mean()


DEFECTS = {
    PlainRoot: "zero_gradients_are_survived",
    GlobalDraws: "draws_come_from_its_own_stream",
    SharedStream: "draws_come_from_its_own_stream",
    DetachedPart: "gradients_match_finite_differences",
    HalfPrecision: "stays_float32_under_autocast",
    HiddenForward: "declared_passes_are_the_real_ones",
}


@pytest.mark.slow
@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_its_law(defect, law, toys):
    assert_caught(defect, law, toys)
