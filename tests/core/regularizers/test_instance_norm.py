import pytest
import torch
from torch import nn

from detente.errors import UsageError
from detente.regularizers.instance_norm import InstanceNorm
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything

F64 = torch.float64


def normalized(layer: nn.Module, x: torch.Tensor, **options) -> torch.Tensor:
    net = nn.Sequential(layer, nn.Linear(1, 1))
    InstanceNorm(**options).rewrite(net)
    return net[0](x)


def test_two_positions_become_minus_one_and_one():
    layer = nn.Conv1d(1, 1, 1, bias=False, dtype=F64)
    nn.init.ones_(layer.weight)
    assert normalized(layer, torch.tensor([[[1.0, 3.0]]], dtype=F64), eps=1e-30).tolist() == [[[-1.0, 1.0]]]


@pytest.mark.parametrize(
    ("layer", "x", "axis"),
    [
        (nn.Linear(5, 3), torch.randn(6, 7, 5), 2),
        (nn.Linear(5, 3), torch.randn(6, 4, 4, 5), 3),
        (nn.Conv1d(5, 3, 3), torch.randn(6, 5, 9), 1),
        (nn.Conv2d(5, 3, 3), torch.randn(6, 5, 6, 6), 1),
        (nn.ConvTranspose2d(4, 6, 3, groups=2), torch.randn(6, 4, 6, 6), 1),
    ],
)
def test_every_channel_of_every_sample_has_mean_zero_and_variance_one(layer, x, axis):
    layer, x = layer.double(), x.double()
    plain = layer(x).movedim(axis, 1).flatten(2)
    y = normalized(layer, x, eps=1e-30).movedim(axis, 1).flatten(2)  # [B, C, positions]
    expected = (plain - plain.mean(2, keepdim=True)) / plain.var(2, correction=0, keepdim=True).sqrt()
    assert torch.allclose(y, expected, rtol=1e-9, atol=1e-12)


def test_tokens_are_treated_as_the_same_numbers_with_channels_first():
    linear, conv = nn.Linear(5, 3, dtype=F64), nn.Conv1d(5, 3, 1, dtype=F64)
    conv.weight.data, conv.bias = linear.weight.data[:, :, None], linear.bias
    x = torch.randn(6, 7, 5, dtype=F64)
    assert torch.allclose(normalized(linear, x), normalized(conv, x.mT).mT, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("layer", "x"), [(nn.Linear(5, 3), torch.randn(6, 5)), (nn.Conv2d(2, 3, 4), torch.randn(6, 2, 4, 4))]
)
def test_without_positions_it_is_refused_by_the_layers_name(layer, x):
    with pytest.raises(UsageError, match=r"'0'.*without positions.*layer-norm"):
        normalized(layer, x)


def test_it_is_the_same_in_evaluation():
    net = nn.Sequential(nn.Conv1d(2, 3, 1), nn.Conv1d(3, 1, 1))
    InstanceNorm().rewrite(net)
    x = torch.randn(4, 2, 5)
    assert torch.equal(net(x), net.eval()(x))


def test_a_constant_channel_gives_zeros_and_finite_second_derivatives():
    layer = nn.Conv1d(1, 2, 1, dtype=F64)
    nn.init.zeros_(layer.weight)
    x = torch.randn(2, 1, 4, dtype=F64, requires_grad=True)
    y = normalized(layer, x)
    (grad,) = torch.autograd.grad(y.pow(3).sum() + y.sum(), x, create_graph=True)
    grad.square().sum().backward()
    # the mean of equal numbers is theirs up to rounding, and ε = 1e-5 divides by 3e-3
    assert y.abs().max() < 1e-12 and layer.weight.grad is not None and layer.weight.grad.isfinite().all()


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    convs = Subject(lambda: InstanceNorm(where="conv"), cases(["critics"])[0], "discriminator")
    a_checkpoint_holds_everything(convs)
