"""Strided convolutions on log-mels and on waveforms, layer by layer."""

import pytest
import torch
from torch import Tensor, nn

from detente import Leaf, Model, Networks, Space, UsageError
from detente_speech.networks import SpecGAN, WaveGAN
from seeded import seeded

SPEC, WAVE = (1, 40, 64), (1, 4096)


def built(model: Model, shape: tuple[int, ...]) -> Networks:
    torch.manual_seed(0)
    return model.build(Space((Leaf(shape, channel_axis=1),)))


def sizes(net: nn.Module, layers: nn.Module, x: Tensor) -> list[tuple[int, ...]]:
    """What comes out of each of some layers, without the batch."""
    found: list[tuple[int, ...]] = []
    for layer in layers.children():
        layer.register_forward_hook(lambda m, i, o: found.append(tuple(o.shape[1:])))
    net(x)
    return found


def counts(made: Networks) -> list[int]:
    return [sum(p.numel() for p in net.parameters()) for net in made]


@pytest.mark.parametrize(
    ("model", "shape", "inwards"),
    [
        (SpecGAN(width=2, latent_dim=3), SPEC, [(2, 20, 32), (4, 10, 16), (8, 5, 8)]),
        (SpecGAN(width=3, latent_dim=3), (1, 80, 64), [(3, 40, 32), (6, 20, 16), (12, 10, 8)]),
        (WaveGAN(width=2, latent_dim=3), WAVE, [(2, 1024), (4, 256), (8, 64), (16, 16)]),
        (WaveGAN(width=1, latent_dim=3), (1, 512), [(1, 128), (2, 32), (4, 8), (8, 2)]),
    ],
)
def test_maps_double_inwards_and_the_generator_goes_the_same_way_back(
    model: Model, shape: tuple[int, ...], inwards: list[tuple[int, ...]]
):
    made = built(model, shape)
    assert sizes(made.discriminator, made.discriminator.down, torch.zeros(1, *shape)) == inwards
    assert sizes(made.generator, made.generator.up, torch.zeros(1, 3)) == [*inwards[-2::-1], shape]
    assert made.discriminator.feature_layers == tuple(f"down.{i}" for i in range(len(inwards)))


def test_kernels_of_log_mels_are_four_by_four():
    k = 16
    generator = (3 + 1) * 8 * 40 + (8 * 4 * k + 4) + (4 * 2 * k + 2) + (2 * k + 1)
    critic = (2 * k + 2) + (2 * 4 * k + 4) + (4 * 8 * k + 8) + (8 * 40 + 1)
    assert counts(built(SpecGAN(width=2, latent_dim=3), SPEC)) == [generator, critic]


def test_kernels_of_waveforms_are_twenty_five_long():
    k = 25
    generator = (3 + 1) * 256 + (16 * 8 * k + 8) + (8 * 4 * k + 4) + (4 * 2 * k + 2) + (2 * k + 1)
    critic = (2 * k + 2) + (2 * 4 * k + 4) + (4 * 8 * k + 8) + (8 * 16 * k + 16) + (256 + 1)
    assert counts(built(WaveGAN(width=2, latent_dim=3), WAVE)) == [generator, critic]


@pytest.mark.parametrize(("model", "shape"), [(SpecGAN(width=2), SPEC), (WaveGAN(width=2), WAVE)])
def test_the_critic_is_leaky_the_generator_cuts_off(model: Model, shape: tuple[int, ...]):
    made = built(model, shape)
    h = x = torch.randn(3, *shape, generator=seeded())
    for layer in made.discriminator.down:
        h = layer(h)
        h = torch.where(h > 0, h, 0.2 * h)
    head = made.discriminator.head
    torch.testing.assert_close(made.discriminator(x), h.flatten(1) @ head.weight[0] + head.bias)
    z = torch.randn(3, 64, generator=seeded())
    h = made.generator.project(z).view(3, 16 if len(shape) == 2 else 8, *([16] if len(shape) == 2 else [5, 8]))
    for layer in made.generator.up:
        h = layer(h.clamp(min=0))
    torch.testing.assert_close(made.generator(z), h.tanh())


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        (SpecGAN(), (1, 40, 60), "40 × 60, but both must be multiples of 8"),
        (SpecGAN(), (1, 44, 64), "44 × 64"),
        (WaveGAN(), (1, 4000), "4000 samples, but it must be a multiple of 256"),
    ],
)
def test_sizes_that_no_halving_reaches_are_refused(model: Model, shape: tuple[int, ...], message: str):
    with pytest.raises(UsageError, match=message):
        built(model, shape)
