"""How the weights of reference networks start: every layer keeps the size of what goes through it."""

import pytest
import torch
from torch import nn
from torch.nn.functional import leaky_relu

from detente.domains.initialization import variance_preserving

WIDE = 64


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def stretch(layer: nn.Module, shape: tuple[int, ...], slope: float) -> float:
    """The mean square of a layer's output over that of its input before the rectifier, at its inner positions."""
    variance_preserving(layer, slope)
    x = torch.randn(64, *shape)
    with torch.no_grad():
        out = layer(leaky_relu(x, slope))
    for axis in range(2, out.dim()):  # at the edges padding takes part of the sum away
        edge = out.shape[axis] // 4
        out = out.narrow(axis, edge, out.shape[axis] - 2 * edge)
    return (out.square().mean() / x.square().mean()).item()


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: nn.Linear(WIDE, WIDE), (WIDE,)),
        (lambda: nn.Conv1d(WIDE, WIDE, 5, padding=2), (WIDE, 16)),
        (lambda: nn.Conv2d(WIDE, WIDE, 3, padding=1), (WIDE, 8, 8)),
        (lambda: nn.ConvTranspose1d(WIDE, WIDE, 4, stride=2, padding=1), (WIDE, 16)),
        (lambda: nn.ConvTranspose2d(WIDE, WIDE, 4, stride=2, padding=1), (WIDE, 8, 8)),
        (lambda: nn.ConvTranspose2d(WIDE, WIDE // 4, 3, padding=1), (WIDE, 8, 8)),
    ],
    ids=["linear", "conv1d", "conv2d", "deconv1d-stride-2", "deconv2d-stride-2", "deconv2d-stride-1"],
)
def test_a_rectifier_and_a_layer_together_keep_the_mean_square(make, shape, slope) -> None:
    # 64 inputs to a unit and some thousand weights: the standard error of the mean square is about 3 %.
    assert stretch(make(), shape, slope) == pytest.approx(1, rel=0.12)


def test_biases_start_at_zero_and_other_layers_are_left_alone() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.ConvTranspose1d(4, 2, 4), nn.Conv2d(1, 1, 1, bias=False))
    with torch.no_grad():
        net[1].weight.fill_(3.0)
        net[1].bias.fill_(2.0)
    variance_preserving(net, 0.2)
    assert not net[0].bias.any() and not net[2].bias.any()
    assert net[1].weight.tolist() == [3.0] * 4 and net[1].bias.tolist() == [2.0] * 4


def test_signals_neither_vanish_nor_explode_in_a_deep_network() -> None:
    net = nn.Sequential(*[m for _ in range(20) for m in (nn.Linear(256, 256), nn.LeakyReLU(0.2))])
    variance_preserving(net, 0.2)
    x = torch.randn(100, 256)
    with torch.no_grad():
        # One layer is off by some 2 %, twenty by √20 times as much; torch's own start shrinks the signal to nothing.
        assert 0.5 < (net(x).square().mean() / x.square().mean()).item() < 2
