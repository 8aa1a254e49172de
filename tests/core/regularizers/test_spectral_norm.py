import copy

import pytest
import torch
from torch import nn

from detente.errors import UsageError
from detente.regularizers.spectral_norm import SpectralNorm
from detente.testing.probe import moment

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
    sn = SpectralNorm()
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


def test_a_weight_of_zeros_is_refused_by_name():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    nn.init.zeros_(net[1].weight)
    sn = SpectralNorm()
    sn.rewrite(net)
    with pytest.raises(UsageError, match=r"1\.weight"):
        sn.attach(net)
