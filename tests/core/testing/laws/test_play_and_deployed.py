"""A regularizer that touches the other player, or whose deployed copy moves on, is caught by name."""

import pytest
import torch
from torch import nn

from detente.engine.layers import after, layers
from detente.engine.regularizer import Regularizer
from detente.regularizers.ema import EMA
from detente.regularizers.r1 import R1
from planted import assert_named


class DeploysByReference(EMA):
    def deploy(self, net):
        return self.average


class ReadsTheLiveWeights(nn.Module):
    def __init__(self, live):
        super().__init__()
        self.live = [live]

    def forward(self, x):
        return x * self.live[0].abs().mean()

    def __deepcopy__(self, memo):
        return ReadsTheLiveWeights(self.live[0])


class DeploysAHook(Regularizer):
    def rewrite(self, net):
        layer = layers(net)[0]
        after(layer, self.name, ReadsTheLiveWeights(layer.weight))


class ZeroesTheOther(R1):
    def penalty(self, s):
        s.generator.zero_grad()
        return super().penalty(s)


class ScalesTheOther(R1):
    def penalty(self, s):
        for p in s.generator.parameters():
            if p.grad is not None:
                p.grad.mul_(0.5)
        return super().penalty(s)


class NudgesTheOther(R1):
    def penalty(self, s):
        with torch.no_grad():
            next(s.generator.parameters()).mul_(0.999)
        return super().penalty(s)


class NotOneNumber(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        return s.real_score.square()


class FalselyOwn(Regularizer):
    """Declares that it changes itself alone."""

    changes_itself_only = True

    def adjust_weights(self, net, m):
        for p in net.parameters():
            if p.requires_grad:
                p.mul_(0.9)


DEFECTS = {
    DeploysByReference: "the_deployed_copy_stays_still",
    DeploysAHook: "the_deployed_copy_stays_still",
    ZeroesTheOther: "the_other_player_is_left_alone",
    ScalesTheOther: "the_other_player_is_left_alone",
    NudgesTheOther: "the_other_player_is_left_alone",
    NotOneNumber: "play_goes_on",
    FalselyOwn: "adjust_weights_is_what_it_declares",
}


@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_the_law_that_is_named_for_it(defect, law, few):
    assert_named(defect, law, few)
