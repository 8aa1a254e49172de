"""A regularizer that harms a network, or what is deployed of it, is caught by name."""

import copy

import pytest
import torch
from torch import nn

from detente.engine.layers import after, layers
from detente.engine.regularizer import Regularizer
from detente.regularizers.ema import EMA
from planted import assert_caught


class WrapsTheLayer(Regularizer):
    """Replaces a layer, so that its parameters get new names."""

    def rewrite(self, net):
        layer = layers(net)[0]
        parent = net.get_submodule(layer.name.rpartition(".")[0])
        setattr(parent, layer.name.rpartition(".")[2], nn.Sequential(layer.module))


class CountsForwards(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += 1
        return x


class WritesStateInForwards(Regularizer):
    def rewrite(self, net):
        after(layers(net)[0], self.name, CountsForwards())


class DeploysTheLiveNetwork(Regularizer):
    def attach(self, net):
        self.net = (net,)

    def deploy(self, net):
        return self.net[0].eval()


class StaysInTraining(EMA):
    def deploy(self, net):
        return copy.deepcopy(net).train()


DEFECTS = {
    WrapsTheLayer: "names_and_types_stay",
    WritesStateInForwards: "forwards_write_no_state",
    DeploysTheLiveNetwork: "deployed_networks_are_settled",
    StaysInTraining: "deployed_networks_are_settled",
}


@pytest.mark.slow
@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_its_law(defect, law, toys):
    assert_caught(defect, law, toys)
