"""A regularizer that forgets labels, buffers or frozen parts is caught by name."""

import copy

import pytest
import torch

from detente.engine.gradients import input_gradient
from detente.engine.regularizer import Regularizer
from detente.engine.sample import sumsq
from detente.regularizers.ema import EMA
from detente.regularizers.r1 import R1
from detente.testing.check import plan_for
from planted import assert_named


class WithoutLabels(R1):
    """Calls the discriminator as if there were no labels."""

    def penalty(self, s):
        return self.gamma / 2 * sumsq(input_gradient(s.discriminator(s.real), s.real)).mean()


class DecaysTheFrozen(Regularizer):
    def adjust_weights(self, net, m):
        for p in net.parameters():
            p.mul_(0.99)


class ThawsEverything(Regularizer):
    def attach(self, net):
        net.requires_grad_(True)

    def adjust_gradients(self, net, m):
        for p in net.parameters():
            if p.grad is not None:
                p.grad.mul_(0.5)


class AverageWithoutBuffers(EMA):
    def adjust_weights(self, net, m):
        torch._foreach_lerp_(self._kept[0], self._live[0], 0.1)


class AverageOfTrainable(EMA):
    def attach(self, net):
        self.average = copy.deepcopy(net).requires_grad_(False).eval()
        self.pairs = list(zip(self.average.parameters(), net.parameters(), strict=True))

    def adjust_weights(self, net, m):
        for kept, live in self.pairs:
            kept.lerp_(live, 0.1)


DEFECTS = {
    WithoutLabels: "labels_reach_every_call",
    DecaysTheFrozen: "frozen_parameters_are_left_alone",
    ThawsEverything: "frozen_parameters_are_left_alone",
    AverageWithoutBuffers: "deployed_networks_have_the_buffers",
    AverageOfTrainable: "deployed_networks_have_the_buffers",
}


@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_the_law_that_is_named_for_it(defect, law, few):
    assert_named(defect, law, few)


def test_a_call_without_labels_is_told_with_the_line_of_the_call(few):
    (trial,) = (t for t in plan_for(WithoutLabels, few).trials if t.name == "labels_reach_every_call")
    line = WithoutLabels.penalty.__code__.co_firstlineno + 1
    reason = trial.verdict().reason
    assert reason.startswith("a conditional network is called without its labels; call s.critic(x)")
    assert reason.endswith(f"test_furnished.py:{line})")
