"""A penalty that counts a sample wrong is caught, by name, on small networks with known answers."""

import pytest

from detente.engine.gradients import input_gradient, mix
from detente.engine.sample import leaves, sumsq
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.r1 import R1
from planted import assert_caught


class PerChannelNorm(GradientPenalty):
    """The norm over dimension 1 alone, as in ports written for [B, F]."""

    def penalty(self, s):
        x = mix(s.real, s.fake, s.m.rng.generator())
        grad = leaves(input_gradient(s.critic(x), x))[0]
        return self.weight * (grad.norm(dim=1) - 1).square().mean()


class SumInsteadOfMean(R1):
    def penalty(self, s):
        return self.gamma / 2 * sumsq(input_gradient(s.real_logits, s.real)).sum()

    def on_linear_game(self, game):
        return None


class OnlyTheFirstLeaf(R1):
    def penalty(self, s):
        return self.gamma / 2 * sumsq(leaves(input_gradient(s.real_logits, s.real))[0]).mean()


class MissingHalf(R1):
    def penalty(self, s):
        return self.gamma * sumsq(input_gradient(s.real_logits, s.real)).mean()


DEFECTS = {
    PerChannelNorm: "arrangement_of_a_sample_is_irrelevant",
    SumInsteadOfMean: "duplicated_batches_cost_the_same",
    OnlyTheFirstLeaf: "arrangement_of_a_sample_is_irrelevant",
    MissingHalf: "closed_forms_are_met",
}


@pytest.mark.slow
@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_its_law(defect, law, toys):
    assert_caught(defect, law, toys)
