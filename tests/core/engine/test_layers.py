"""The layers of a network: found by name, left alone at the end, rewritten without a change of names."""

import copy

import pytest
import torch
from torch import nn

from detente.engine.layers import (
    Reparametrization,
    after,
    last_layers,
    layers,
    matches,
    register_layer,
    reparametrize,
    weights,
)
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


def test_frozen_layers_and_parameters_are_left_out():
    model = net()
    model[0].requires_grad_(False)
    assert [x.name for x in layers(model)] == ["2.0", "3"]
    assert [name for name, _ in weights(model)] == ["2.0.weight", "3.weight"]


def test_weights_are_neither_biases_nor_gains_unless_they_are_named():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.GRUCell(3, 1))
    assert [name for name, _ in weights(model)] == ["0.weight", "2.weight_ih", "2.weight_hh"]
    assert [name for name, _ in weights(model, ["1.*", "bias_hh"])] == ["1.weight", "1.bias", "2.bias_hh"]


@pytest.mark.parametrize(
    ("where", "named"),
    [
        *[(None, True), ("fc1", True), ("block.fc1", True), ("*.fc1", True), ("fc*", True), (["no", "fc1"], True)],
        *[("block", False), ("fc", False), ([], False), ("FC1", False)],
    ],
)
def test_a_glob_names_a_layer_with_or_without_its_leading_path(where, named):
    assert matches("net.block.fc1", where) is named


@pytest.mark.parametrize(
    ("module", "outputs", "channel_axis"),
    [
        (nn.Linear(2, 5), 5, -1),
        (nn.Bilinear(2, 3, 5), 5, -1),
        (nn.Conv2d(2, 6, 3, groups=2), 6, 1),
        (nn.ConvTranspose1d(4, 6, 3), 6, 1),
        (nn.ConvTranspose2d(4, 6, 3, groups=2), 6, 1),
        (nn.LSTMCell(2, 5), 20, None),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, nn.Module) else "",
)
def test_a_layer_knows_its_outputs_and_where_they_are(module, outputs, channel_axis):
    layer = layers(nn.Sequential(module))[0]
    assert (layer.outputs, layer.channel_axis) == (outputs, channel_axis)


class Scaled(Reparametrization):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))

    def forward(self, weight):
        return weight * self.by


class Shifted(Reparametrization):
    def forward(self, weight):
        return weight + 1


def test_a_layer_computes_with_what_its_reparametrizations_make_of_the_weight_in_their_order():
    model = nn.Sequential(nn.Linear(2, 1, bias=False))
    (layer,), x = layers(model), torch.ones(1, 2)
    stored = layer.weight.detach().clone()
    names = {name for name, _ in model.named_parameters()}
    reparametrize(layer, "twice", Scaled(2.0))
    reparametrize(layer, "shift", Shifted())
    torch.testing.assert_close(model(x), x @ (2 * stored + 1).T)
    torch.testing.assert_close(layer.used, 2 * stored + 1)
    assert torch.equal(layer.weight, stored) and model[0].weight is layer.weight
    assert {name for name, _ in model.named_parameters()} == names | {"0.twice.by"}
    model(x).sum().backward()
    assert layer.weight.grad.tolist() == [[2.0, 2.0]]


def test_the_weight_is_the_parameter_again_also_after_a_forward_that_failed():
    model = nn.Sequential(nn.Linear(2, 1))
    (layer,) = layers(model)
    reparametrize(layer, "shift", Shifted())
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        model(torch.ones(1, 3))
    assert model[0].weight is layer.weight


def test_a_copied_network_uses_its_own_reparametrization():
    model = nn.Sequential(nn.Linear(1, 1, bias=False))
    reparametrize(layers(model)[0], "scale", Scaled(2.0))
    twin = copy.deepcopy(model)
    with torch.no_grad():
        model[0].scale.by.fill_(0.0)
    x = torch.ones(1, 1)
    assert model(x).item() == 0 and twin(x).item() == 2 * twin[0].weight.item()


def test_what_is_inserted_after_a_layer_comes_before_what_follows_and_has_its_precision():
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU()).double()
    layer = layers(model)[0]
    after(layer, "turn", Turn())
    x = torch.tensor([[-1.0]], dtype=torch.float64)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    assert model(x).item() == 1.0, "relu(−(−1)), not −relu(−1)"
    assert model[0].turn.sign.dtype == torch.float64
    assert [x.name for x in layers(model)] == ["0"], "it is no layer of its own"


class Turn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sign = nn.Parameter(torch.tensor(-1.0))

    def forward(self, x):
        return x * self.sign


def test_two_children_of_one_name_are_refused():
    model = nn.Sequential(nn.Linear(1, 1))
    after(layers(model)[0], "turn", Turn())
    with pytest.raises(UsageError, match=r"already has a child named 'turn'; give the second .* its own name"):
        after(layers(model)[0], "turn", Turn())
    with pytest.raises(UsageError, match="already has a child named 'weight'"):
        reparametrize(layers(model)[0], "weight", Shifted())


def test_the_last_layers_are_those_that_the_network_states_or_else_the_last():
    model = net()
    assert last_layers(model) == ("3",)
    model.output_layers = ("0", "3")
    assert last_layers(model) == ("0", "3")
    assert last_layers(nn.ReLU()) == ()


def test_a_network_without_a_hidden_layer_says_so():
    with pytest.raises(UsageError, match=r"^no hidden layer of Sequential matches where=None; its layers are 0\. "):
        layers(nn.Sequential(nn.Linear(1, 1)), outputs=False)
