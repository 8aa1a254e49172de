import pytest
import torch
from torch import nn
from torch.nn import functional as F

from detente.regularizers.l2 import L2
from detente.regularizers.layer_norm import LayerNorm
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything

F64 = torch.float64


def normalized(layer: nn.Module, x: torch.Tensor, **options) -> torch.Tensor:
    net = nn.Sequential(layer, nn.Linear(1, 1))
    LayerNorm(**options).rewrite(net)
    return net[0](x)


def test_two_units_become_minus_one_and_one():
    layer = nn.Linear(1, 2, dtype=F64)
    layer.weight.data, layer.bias.data = torch.tensor([[1.0], [3.0]], dtype=F64), torch.zeros(2, dtype=F64)
    assert normalized(layer, torch.ones(1, 1, dtype=F64), eps=1e-30).tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize("shape", [(6, 5), (6, 7, 5), (6, 4, 4, 5)], ids=["[B, C]", "[B, T, C]", "[B, N, N, C]"])
def test_behind_a_linear_layer_it_is_torchs_layer_norm_over_the_channels(shape):
    layer, x = nn.Linear(5, 3), torch.randn(shape)
    plain = F.linear(x, layer.weight, layer.bias)
    assert torch.equal(normalized(layer, x), F.layer_norm(plain, (3,)))


@pytest.mark.parametrize("layer", [nn.Conv2d(2, 3, 3), nn.ConvTranspose2d(2, 3, 3)])
def test_behind_a_convolution_it_is_over_channels_and_positions(layer):
    x = torch.randn(4, 2, 6, 6)
    plain = layer(x)
    # torch's two kernels sum in different orders
    assert torch.allclose(normalized(layer, x), F.layer_norm(plain, plain.shape[1:]), atol=1e-6)


def test_scale_and_shift_are_per_channel_and_no_weights_to_shrink():
    net = nn.Sequential(nn.Conv1d(2, 3, 1), nn.Conv1d(3, 1, 1))
    LayerNorm().rewrite(net)
    inserted = net[0].get_submodule("layer-norm")
    assert [tuple(p.shape) for p in inserted.parameters()] == [(3,), (3,)]
    l2 = L2()
    l2.attach(net)
    assert {id(p) for p in l2._chosen} == {id(net[0].weight), id(net[1].weight)}
    with torch.no_grad():
        inserted.weight.copy_(torch.tensor([2.0, 0.0, 0.0]))
        inserted.bias.copy_(torch.tensor([0.0, 5.0, -5.0]))
    y = net[0](torch.randn(4, 2, 9))
    assert (y[:, 1] == 5).all() and (y[:, 2] == -5).all() and y[:, 0].std() > 0


def test_no_sample_sees_another_in_training_or_evaluation():
    net = nn.Sequential(nn.Linear(5, 3), nn.Linear(3, 1))
    LayerNorm().rewrite(net)
    x = torch.randn(6, 5)
    whole = net(x)
    # matrix products of other sizes round differently
    assert torch.allclose(whole[:1], net(x[:1]), atol=1e-6)
    assert torch.equal(whole, net.eval()(x))


def test_equal_units_give_zeros_and_finite_second_derivatives():
    layer = nn.Linear(2, 3, dtype=F64)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    x = torch.ones(1, 2, dtype=F64, requires_grad=True)
    y = normalized(layer, x)
    (grad,) = torch.autograd.grad(y.square().sum() + y.sum(), x, create_graph=True)
    grad.square().sum().backward()
    assert not y.any() and layer.weight.grad is not None and layer.weight.grad.isfinite().all()


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(LayerNorm, cases(["critics"])[0], "discriminator"))
