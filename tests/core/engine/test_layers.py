"""The layers of a network: found by name, left alone at the end, rewritten without a change of names."""

import pytest
import torch
from torch import nn

from detente.engine.layers import layers, register_layer, weights
from detente.errors import UsageError


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 3)), nn.Linear(3, 1))


def test_layers_are_found_by_name_with_and_without_their_path():
    assert [x.name for x in layers(net())] == ["0", "2.0", "3"]
    assert [x.name for x in layers(net(), "2.*")] == ["2.0"]
    assert [x.name for x in layers(net(), ["0"])] == ["0", "2.0"]
    assert [x.name for x in layers(net(), outputs=False)] == ["0", "2.0"]


def test_a_pattern_without_match_lists_the_layers():
    with pytest.raises(UsageError, match=r"fc7.*0, 2\.0, 3"):
        layers(net(), "fc7")
    with pytest.raises(UsageError, match=r"nope.*0\.weight"):
        weights(net(), "nope")


def test_stated_output_layers_are_left_alone():
    model = net()
    model.output_layers = ("2.0", "3")
    assert [x.name for x in layers(model, outputs=False)] == ["0"]


def test_a_layer_type_of_ones_own_can_be_registered():
    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = nn.Parameter(torch.ones(2, 5))

    register_layer(Mine, {"kernel": 1}, channel_axis=-1)
    (layer,) = layers(Mine())
    assert layer.weight_name == "kernel" and layer.out_axis == 1
