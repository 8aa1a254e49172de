"""A regularizer that does nothing, or not where it is told to, is caught by name."""

import pytest
import torch
from torch import nn

from detente.engine.layers import after, layers, weights
from detente.engine.options import NonNegative
from detente.engine.regularizer import Regularizer
from detente.regularizers.ema import EMA
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.regularizers.weight_clip import WeightClip
from planted import assert_named


class OffByDefault(R1):
    def __init__(self, gamma: NonNegative = 0.0):
        super().__init__(gamma)


class DeadGradients(Regularizer):
    """The result is computed and thrown away."""

    def adjust_gradients(self, net, m):
        for p in net.parameters():
            p.grad.clone().mul_(0.5)


class DeadWeights(Regularizer):
    def adjust_weights(self, net, m):
        for p in net.parameters():
            p.clamp(-0.01, 0.01)


class AnchorWithoutCopy(Regularizer):
    """The distance to the start, which moves along."""

    def attach(self, net):
        self.live = list(net.parameters())
        self.start = [p.detach() for p in self.live]

    def penalty(self, s):
        return torch.stack([(p - q).square().sum() for p, q in zip(self.live, self.start, strict=True)]).sum()


class Stripped(Regularizer):
    """Everything is gone."""


class StrippedRewrite(Regularizer):
    def rewrite(self, net):
        after(layers(net)[0], self.name, nn.Identity())


class AverageNeverDeployed(EMA):
    averages = False

    def deployed_from(self, net):
        return net


class DeadPart(R1):
    """A penalty that works, and an adjustment that does not."""

    def adjust_gradients(self, net, m):
        for p in net.parameters():
            p.grad.clone().clamp_(-1e-3, 1e-3)


class DeadWithStreams(L2):
    def adjust_weights(self, net, m):
        for p in net.parameters():
            p.add(torch.randn(p.shape, generator=m.rng.generator()))


class IgnoresWhere(L2):
    def attach(self, net):
        self._chosen = [p for _, p in weights(net)]


class ClipsEverything(WeightClip):
    def attach(self, net):
        self._chosen = list(net.parameters())


class ScalesAll(Regularizer):
    """Chooses by `where`, then adjusts all."""

    def __init__(self, where=None):
        super().__init__()
        self.where = where

    def attach(self, net):
        self.factor = 0.5 ** len(weights(net, self.where))

    def adjust_gradients(self, net, m):
        for p in net.parameters():
            if p.grad is not None:
                p.grad.mul_(self.factor)


class DeadTerm(Regularizer):
    def penalty(self, s):
        return torch.zeros((), dtype=torch.float64)


DEFECTS = {
    OffByDefault: "it_has_an_effect",
    DeadGradients: "it_has_an_effect",
    DeadWeights: "it_has_an_effect",
    AnchorWithoutCopy: "it_has_an_effect",
    Stripped: "it_has_an_effect",
    StrippedRewrite: "it_has_an_effect",
    AverageNeverDeployed: "it_has_an_effect",
    DeadPart: "adjust_gradients_has_an_effect",
    DeadWithStreams: "adjust_weights_has_an_effect",
    IgnoresWhere: "where_chooses",
    ClipsEverything: "adjustments_keep_to_where",
    ScalesAll: "adjustments_keep_to_where",
    DeadTerm: "its_penalty_depends_on_its_player",
}


@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_the_law_that_is_named_for_it(defect, law, few):
    assert_named(defect, law, few)
