import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from detente.regularizers.l2 import L2
from detente.regularizers.weight_norm import WeightNorm
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything

F64 = torch.float64
INPUTS = {"Linear": (6,), "Conv1d": (2, 9), "Conv2d": (3, 8, 8), "ConvTranspose2d": (3, 8, 8)}


def rewritten(layer: nn.Module) -> tuple[nn.Module, nn.Parameter]:
    """A layer and its g."""
    WeightNorm().rewrite(layer)
    g = layer.get_submodule("weight-norm").g
    assert isinstance(g, nn.Parameter)
    return layer, g


def test_a_filter_has_length_g_and_the_direction_of_v():
    layer = nn.Linear(2, 1, bias=False, dtype=F64)
    layer.weight.data = torch.tensor([[3.0, 4.0]], dtype=F64)
    layer, g = rewritten(layer)
    assert g.item() == 5.0
    g.data.fill_(10.0)
    assert layer(torch.eye(2, dtype=F64)).flatten().tolist() == [6.0, 8.0]


@pytest.mark.parametrize(
    "layer", [nn.Linear(6, 4), nn.Conv2d(3, 5, 3), nn.ConvTranspose2d(3, 5, 3), nn.Conv1d(2, 7, 4)]
)
def test_it_starts_as_the_same_function_to_the_bit_with_one_g_per_output(layer):
    x = torch.randn(2, *INPUTS[type(layer).__name__])
    before = layer(x)
    layer, g = rewritten(copy.deepcopy(layer))
    assert torch.equal(layer(x), before) and g.numel() == before.shape[1]


@pytest.mark.parametrize("make", [lambda: nn.Linear(6, 4), lambda: nn.Conv2d(3, 5, 3), lambda: nn.Conv1d(2, 7, 4)])
def test_it_trains_as_torchs_parametrization(make):
    ours = make().double()
    theirs = parametrizations.weight_norm(copy.deepcopy(ours))
    ours, g = rewritten(ours)
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.1) for net in (ours, theirs)]
    for step in range(5):
        x = torch.randn(4, *INPUTS[type(ours).__name__], dtype=F64, generator=torch.Generator().manual_seed(step))
        for net, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            net(x).sin().sum().backward()
            optimizer.step()
    weights = theirs.get_submodule("parametrizations").get_submodule("weight")
    # norms and quotients in another order, five updates
    assert torch.allclose(g, weights.original0, rtol=1e-11)
    assert torch.allclose(ours.weight, weights.original1, rtol=1e-11)


def test_the_parameter_keeps_its_name_and_its_gradient_is_orthogonal_to_it():
    layer, g = rewritten(nn.Linear(3, 2, dtype=F64))
    assert set(dict(layer.named_parameters())) == {"weight", "bias", "weight-norm.g"}
    layer(torch.randn(5, 3, dtype=F64)).sin().sum().backward()
    assert layer.weight.grad is not None and g.grad is not None and g.grad.all()
    assert (layer.weight * layer.weight.grad).sum(1).abs().max() < 1e-14  # rounding of three products


def test_a_filter_of_zeros_stays_zero_and_can_still_learn():
    layer = nn.Linear(3, 2, bias=False, dtype=F64)
    with torch.no_grad():
        layer.weight[1] = 0
    kept = layer.weight[0].detach().clone()
    layer, g = rewritten(layer)
    y = layer(torch.ones(1, 3, dtype=F64))
    assert y[0, 1] == 0 and torch.equal(layer.weight[0], kept)
    y.sum().backward()
    assert g.grad is not None and g.grad.isfinite().all() and g.grad[1] != 0
    with torch.no_grad():
        layer.weight[1] = 0  # were it to happen in training, nothing turns into NaN
    assert layer(torch.ones(1, 3, dtype=F64))[0, 1] == 0


def test_its_gain_is_no_weight_to_shrink():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    WeightNorm().rewrite(net)
    l2 = L2()
    l2.attach(net)
    assert {id(p) for p in l2._chosen} == {id(net[0].weight), id(net[1].weight)}


def test_a_cell_has_a_g_for_both_its_weights():
    cell = nn.LSTMCell(3, 5)
    x = torch.randn(2, 3)
    before = cell(x)
    WeightNorm().rewrite(cell)
    assert {name for name, _ in cell.named_children()} == {"weight-norm_weight_ih", "weight-norm_weight_hh"}
    assert all(torch.equal(a, b) for a, b in zip(cell(x), before, strict=True))


def test_a_copy_is_independent():
    layer, g = rewritten(nn.Linear(3, 2))
    deployed = WeightNorm().deploy(layer)
    x = torch.randn(1, 3)
    before = deployed(x)
    with torch.no_grad():
        g.mul_(2)
    assert torch.equal(deployed(x), before) and not torch.equal(layer(x), before)


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(WeightNorm, cases(["critics"])[0], "discriminator"))
