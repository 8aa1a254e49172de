import copy

import pytest
import torch
from torch import nn

from detente.regularizers.spectral_norm import SpectralNorm
from detente.testing.probe import moment
from detente.training.monitor import spectral_norms

F64 = torch.float64


def test_a_diagonal_weight_is_divided_by_its_largest_entry():
    layer = nn.Linear(3, 3, bias=False, dtype=F64)
    layer.weight.data = torch.diag(torch.tensor([4.0, 1.0, 0.5], dtype=F64))
    sn = SpectralNorm()
    sn.rewrite(layer)
    sn.attach(layer)
    # 15 power iterations at a ratio of 1/4: the error is 16^-15
    assert torch.allclose(layer(torch.eye(3, dtype=F64)), torch.diag(torch.tensor([1.0, 0.25, 0.125], dtype=F64)))


@pytest.mark.parametrize(
    "layer", [nn.Linear(6, 4), nn.Conv2d(3, 5, 3), nn.ConvTranspose2d(3, 5, 3), nn.Conv1d(2, 7, 4)]
)
def test_deployed_the_reshaped_weight_has_largest_singular_value_one(layer):
    sn = SpectralNorm()
    layer = copy.deepcopy(layer).double()
    sn.rewrite(layer)
    sn.attach(layer)
    deployed = sn.deploy(layer)
    seen = {}
    deployed.register_forward_pre_hook(lambda m, i: seen.update(weight=m.weight))
    deployed(torch.zeros(1, *{"Linear": (6,), "Conv1d": (2, 9)}.get(type(layer).__name__, (3, 8, 8)), dtype=F64))
    out_axis = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
    matrix = seen["weight"].movedim(out_axis, 0).flatten(1)
    assert torch.linalg.matrix_norm(matrix, 2).item() == pytest.approx(1, rel=1e-12)


def test_the_parameter_stays_what_and_where_it_was():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    before = {name: id(p) for name, p in net.named_parameters()}
    sn = SpectralNorm()
    sn.rewrite(net)
    sn.attach(net)
    net(torch.ones(1, 2)).sum().backward()
    assert {name: id(p) for name, p in net.named_parameters()} == before
    assert type(net[0]) is nn.Linear and net[0].weight.grad is not None and "weight" not in net[0].__dict__


def test_forwards_change_nothing_and_an_update_makes_one_power_iteration():
    layer = nn.Linear(4, 3)
    sn = SpectralNorm(iterations=1)
    sn.rewrite(layer)
    sn.attach(layer)
    sigma = layer.get_submodule("spectral-norm")
    u, v = sigma.u.clone(), sigma.v.clone()
    for _ in range(5):
        layer(torch.randn(2, 4))
    assert torch.equal(sigma.u, u) and torch.equal(sigma.v, v)
    layer.weight.data.normal_(generator=torch.Generator().manual_seed(3))
    sn.adjust_weights(layer, moment())
    v = nn.functional.normalize(layer.weight.detach().T @ u, dim=0)
    assert torch.allclose(sigma.v, v) and torch.allclose(
        sigma.u, nn.functional.normalize(layer.weight.detach() @ v, dim=0)
    )


def test_an_lstm_cell_has_both_its_weights_normalized():
    cell = nn.LSTMCell(3, 5)
    sn = SpectralNorm()
    sn.rewrite(cell)
    sn.attach(cell)
    cell(torch.randn(2, 3))
    assert {"spectral-norm_weight_ih", "spectral-norm_weight_hh"} <= {name for name, _ in cell.named_children()}


def test_a_forward_that_fails_leaves_the_parameter_in_place():
    layer = nn.Linear(4, 3)
    SpectralNorm().rewrite(layer)
    with pytest.raises(RuntimeError):
        layer(torch.ones(1, 7))
    assert isinstance(layer.weight, nn.Parameter)


def test_a_weight_of_zeros_starts_at_random_with_norm_one():
    layers = [nn.Linear(3, 4), nn.Conv2d(2, 3, 3), nn.ConvTranspose1d(2, 3, 4)]
    for layer in layers:
        nn.init.zeros_(layer.weight)
    net = nn.Sequential(*layers)
    sn = SpectralNorm(iterations=30)
    sn.rewrite(net)
    sn.attach(net)
    sn.adjust_weights(net, moment())
    assert list(spectral_norms(net).values()) == pytest.approx([1, 1, 1], rel=1e-4)


@pytest.mark.parametrize("iterations", [1, 2, 3, 7])
def test_an_update_makes_as_many_power_iterations_as_it_is_told(iterations):
    layer = nn.Linear(5, 4, dtype=F64)
    sn = SpectralNorm(iterations)
    sn.rewrite(layer)
    sn.attach(layer)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(4, 5))
    sigma, W = layer.get_submodule("spectral-norm"), layer.weight.detach()
    u, v = sigma.u.clone(), sigma.v.clone()
    for _ in range(iterations):
        v = nn.functional.normalize(W.T @ u, dim=0)
        u = nn.functional.normalize(W @ v, dim=0)
    sn.adjust_weights(layer, moment())
    assert torch.allclose(sigma.u, u, rtol=1e-12) and torch.allclose(sigma.v, v, rtol=1e-12)


def test_grouped_transposed_convolutions_are_normalized_as_the_convolutions_that_they_transpose():
    """Against the same filters in an nn.Conv: [in, out/g, k] of a transposed one holds those of group by group."""
    for groups, kind in ((2, nn.ConvTranspose1d), (3, nn.ConvTranspose2d), (6, nn.ConvTranspose1d)):
        layer = kind(6, 12, 3, groups=groups, dtype=F64)
        sn = SpectralNorm(iterations=200)
        sn.rewrite(layer)
        sn.attach(layer)
        sn.adjust_weights(layer, moment())
        parts = layer.weight.detach().chunk(groups)  # [in/g, out/g, k...] each
        matrix = torch.cat([part.transpose(0, 1).flatten(1) for part in parts])  # [out, in/g · k]
        assert matrix.shape == (12, 6 // groups * layer.weight[0, 0].numel())
        used = parts[0] / torch.linalg.matrix_norm(matrix, 2)
        seen = {}
        layer.register_forward_pre_hook(lambda m, i, seen=seen: seen.update(weight=m.weight))
        layer(torch.zeros(1, 6, *(4,) * (layer.weight.dim() - 2), dtype=F64))
        assert torch.allclose(seen["weight"][: 6 // groups], used, rtol=1e-9)


def test_embeddings_are_normalized_too():
    net = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 1))
    sn = SpectralNorm(iterations=100)
    sn.rewrite(net)
    sn.attach(net)
    sn.adjust_weights(net, moment())
    expected = net[0].weight / torch.linalg.matrix_norm(net[0].weight, 2)
    assert torch.allclose(net[0](torch.arange(9)), expected, atol=1e-5)


def test_a_deployed_network_still_has_layers():
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    sn = SpectralNorm()
    sn.rewrite(net)
    sn.attach(net)
    assert list(spectral_norms(sn.deploy(net)).values()) == pytest.approx([1, 1], rel=1e-5)
