"""Equalized learning rates: stored at one scale, used at another, and regularizers act on what is used."""

import pytest
import torch
from torch import nn

from detente.checks.warnings import _scale_is_removed
from detente.engine.equalized import equalize
from detente.engine.layers import layers
from detente.regularizers import Packing, SpectralNorm, WeightNorm

F64 = torch.float64


def linear(gain: float = 1.0, rate: float = 1.0, inputs: int = 16, outputs: int = 8) -> nn.Sequential:
    torch.manual_seed(0)
    layer = nn.Linear(inputs, outputs, dtype=F64)
    equalize(layer, gain, rate)
    return nn.Sequential(layer)


@pytest.mark.parametrize(
    ("layer", "inputs"), [(nn.Linear(16, 5), 16), (nn.Conv2d(4, 5, 3), 36), (nn.Conv1d(4, 5, 9), 36)]
)
def test_a_layer_uses_its_weight_at_the_gain_over_the_root_of_its_inputs(layer: nn.Module, inputs: int):
    equalize(layer, gain=3.0, rate=0.5)  # type: ignore[arg-type]
    (found,) = layers(nn.Sequential(layer))
    assert found.factor == 3.0 * 0.5 / inputs**0.5
    assert torch.equal(found.used, found.weight * found.factor)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


def test_outputs_start_with_the_gain_as_their_deviation_whatever_the_rate():
    x = torch.randn(500, 16, dtype=F64, generator=torch.Generator().manual_seed(1))
    for gain, rate in ((1.0, 1.0), (2.0, 0.01)):
        net = linear(gain, rate, outputs=400)
        assert net[0].weight.std().item() == pytest.approx(1 / rate, rel=0.03)  # of 6,400 draws
        assert net(x).std().item() == pytest.approx(gain, rel=0.03)


def test_a_slower_layer_moves_by_the_rate_as_far():
    """One step of Adam moves each stored number by lr, and so each used one by lr times its factor."""
    x = torch.ones(1, 16, dtype=F64)
    for rate in (1.0, 0.01):
        net = linear(rate=rate)
        before, bias = layers(net)[0].used.detach().clone(), net(torch.zeros_like(x)).detach()
        net(x).sum().backward()
        torch.optim.Adam(net.parameters(), lr=1e-3).step()
        # Adam's epsilon of 1e-8 beside gradients of .0025 and more
        torch.testing.assert_close(
            before - layers(net)[0].used, torch.full_like(before, 1e-3 * rate / 4), rtol=1e-5, atol=0
        )
        torch.testing.assert_close(
            bias - net(torch.zeros_like(x)), torch.full_like(bias, 1e-3 * rate), rtol=1e-5, atol=0
        )


def test_spectral_norm_acts_on_the_weight_that_is_used():
    net = linear()
    SN = SpectralNorm()
    SN.rewrite(net)
    SN.attach(net)
    assert torch.linalg.matrix_norm(layers(net)[0].used, 2).item() == pytest.approx(1, rel=0.01)  # 15 iterations


def test_weight_norm_starts_as_the_same_function():
    net, x = linear(), torch.ones(2, 16, dtype=F64)
    before = net(x)
    WeightNorm().rewrite(net)
    torch.testing.assert_close(net(x), before)


def test_the_samples_of_a_pack_weigh_the_same():
    net = linear(outputs=200)
    Packing(m=2).rewrite(net)
    own, others = layers(net)[0].used, net[0].get_submodule("packing").weight
    torch.testing.assert_close(
        own.abs().sort(1).values, others.abs().sort(1).values
    )  # redrawn: of another order and sign
    assert own.std().item() == pytest.approx(1 / 32**0.5, rel=0.03)  # of 3,200 draws


def test_a_constant_factor_is_no_normalization():
    net = linear()
    assert not _scale_is_removed(net, layers(net)[0])
    WeightNorm().rewrite(net)
    assert _scale_is_removed(net, layers(net)[0])
