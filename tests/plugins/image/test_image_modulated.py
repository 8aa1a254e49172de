"""Modulated convolutions against the weights of each sample by hand."""

import pytest
import torch
import torch.nn.functional as F

from detente.engine.forward import call
from detente.engine.layers import layers
from detente.engine.streams import Stream
from detente_image.networks.modulated import Modulated, Styled, activated, pixel_norm
from detente_image.networks.resampling import upsample
from seeded import seeded

F64 = torch.float64


def made(inputs: int = 6, outputs: int = 5, kernel: int = 3, **options: bool) -> Modulated:
    torch.manual_seed(0)
    layer = Modulated(inputs, outputs, kernel, 4, **options).double()
    with torch.no_grad():
        layer.bias.normal_()
    return layer


def by_hand(layer: Modulated, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """Eq. 1 and 3 on the weights of each sample, which are the groups of one convolution."""
    B, outputs = len(x), layer.out_channels
    weights = layers(layer)[0].used[None] * layer.style(w)[:, None, :, None, None]  # [B, outputs, inputs, k, k]
    if layer.demodulate:
        weights = weights / (weights.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    joint = F.conv2d(x.flatten(0, 1)[None], weights.flatten(0, 1), padding=layer.padding, groups=B)
    assert layer.bias is not None
    return joint[0].unflatten(0, (B, outputs)) + layer.bias[:, None, None]


@pytest.mark.parametrize(("kernel", "demodulate"), [(3, True), (3, False), (1, True), (1, False)])
def test_scales_on_the_activations_are_those_on_the_weights(kernel: int, demodulate: bool):
    layer = made(kernel=kernel, demodulate=demodulate)
    x, w = torch.randn(3, 6, 7, 7, dtype=F64, generator=seeded()), torch.randn(3, 4, dtype=F64, generator=seeded(1))
    torch.testing.assert_close(layer(x, w), by_hand(layer, x, w))
    # and in float32 to a few of its units
    single = layer.float()(x.float(), w.float())
    assert (single - by_hand(layer.double(), x, w)).abs().max() < 1e-5


def test_with_up_it_is_the_convolution_of_the_doubled_image():
    layer, plain = made(up=True), made()
    plain.load_state_dict(layer.state_dict())
    x, w = torch.randn(3, 6, 8, 8, dtype=F64, generator=seeded()), torch.randn(3, 4, dtype=F64, generator=seeded(1))
    up = layer(x, w)
    assert up.shape == (3, 5, 16, 16)
    # At the border the taps see zeros before the filter in one and after it in the other.
    torch.testing.assert_close(up[..., 2:-2, 2:-2], by_hand(plain, upsample(x), w)[..., 2:-2, 2:-2])


def test_demodulated_outputs_have_unit_variance_whatever_the_style_is():
    layer = made(inputs=16, outputs=64)
    with torch.no_grad():
        layer.bias.zero_()
    x, w = (
        torch.randn(64, 16, 6, 6, dtype=F64, generator=seeded()),
        9 * torch.randn(64, 4, dtype=F64, generator=seeded(1)),
    )
    inside = layer(x, w)[..., 1:-1, 1:-1]  # zeros beyond the border lower the variance there
    assert inside.var().item() == pytest.approx(1, abs=0.02)  # 65,536 numbers, of which neighbours depend on another
    layer.demodulate = False
    assert layer(x, w).var().item() > 10


def test_the_style_starts_at_one_and_scales_the_inputs():
    layer = made(demodulate=False)
    x = torch.randn(2, 6, 5, 5, dtype=F64, generator=seeded())
    plain = F.conv2d(x, layers(layer)[0].used, layer.bias, padding=1)
    torch.testing.assert_close(layer(x, torch.zeros(2, 4, dtype=F64)), plain)


def test_noise_is_one_picture_for_all_channels_at_the_learned_strength_and_that_of_the_stream():
    torch.manual_seed(0)
    layer = Styled(4, 3, 2, "noise")
    x, w = torch.randn(2, 4, 5, 5, generator=seeded()), torch.randn(2, 2, generator=seeded(1))

    def out(key: int) -> torch.Tensor:
        return call(_Both(layer, w), x, None, Stream(key))

    assert torch.equal(out(1), out(2)), "the strength starts at 0"
    with torch.no_grad():
        layer.strength.fill_(0.5)
    assert torch.equal(out(1), out(1)) and not torch.equal(out(1), out(2))
    drawn = torch.randn(2, 1, 5, 5, generator=Stream(1).at("noise").generator())
    torch.testing.assert_close(out(1), activated(layer.convolution(x, w) + 0.5 * drawn))


class _Both(torch.nn.Module):
    def __init__(self, layer: Styled, w: torch.Tensor) -> None:
        super().__init__()
        self.layer, self.w = layer, w

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x, self.w)


def test_a_normalized_latent_has_unit_mean_square():
    z = 5 * torch.randn(7, 12, dtype=F64, generator=seeded())
    torch.testing.assert_close(pixel_norm(z).square().mean(1), torch.ones(7, dtype=F64))
    torch.testing.assert_close(pixel_norm(z), z / z.norm(dim=1, keepdim=True) * 12**0.5)
