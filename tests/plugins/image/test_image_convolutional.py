"""Strided convolutions, layer by layer."""

import pytest
import torch
from torch import Tensor, nn

from detente import Networks
from detente_image.networks import DCGAN
from images import space
from seeded import seeded


def sizes(net: nn.Module, layers: nn.Module, x: Tensor) -> list[tuple[int, ...]]:
    """What comes out of each of some layers, without the batch."""
    found: list[tuple[int, ...]] = []
    for layer in layers.children():
        layer.register_forward_hook(lambda m, i, o: found.append(tuple(o.shape[1:])))
    net(x)
    return found


def built(size: int = 16, channels: int = 1, **options: int) -> Networks:
    torch.manual_seed(0)
    return DCGAN(**options).build(space(channels, size))


@pytest.mark.parametrize("size", [16, 32, 128])
def test_maps_double_with_every_halving_down_to_four_by_four(size: int):
    made = built(size, 3, width=2, latent_dim=5)
    inwards = [(2 * 2**i, size // 2 ** (i + 1), size // 2 ** (i + 1)) for i in range((size // 4).bit_length() - 1)]
    assert inwards[-1][1:] == (4, 4)
    assert sizes(made.discriminator, made.discriminator.down, torch.zeros(1, 3, size, size)) == inwards
    outwards = sizes(made.generator, made.generator.up, torch.zeros(1, 5))
    assert outwards == [*inwards[-2::-1], (3, size, size)], "the same the other way round"


def test_parameters_are_those_of_kernels_of_four_and_their_biases():
    made = built(width=4, latent_dim=8)
    kernel = 4 * 4
    generator = (8 + 1) * 8 * 16 + (8 * 4 * kernel + 4) + (4 * kernel + 1)
    critic = (4 * kernel + 4) + (4 * 8 * kernel + 8) + (8 * 16 + 1)
    assert [sum(p.numel() for p in net.parameters()) for net in made] == [generator, critic]


def test_biases_start_at_zero_so_that_nothing_in_is_nothing_out():
    made = built(width=4, latent_dim=8)
    assert not made.generator(torch.zeros(2, 8)).any()
    assert not made.discriminator(torch.zeros(2, 1, 16, 16)).any()


def test_the_critic_is_leaky_the_generator_cuts_off():
    """The first layers, written out."""
    made = built(width=4, latent_dim=8)
    x = torch.randn(3, 1, 16, 16, generator=seeded())
    first, second = made.discriminator.down
    h = first(x)
    h = second(torch.where(h > 0, h, 0.2 * h))
    h = torch.where(h > 0, h, 0.2 * h)
    torch.testing.assert_close(made.discriminator(x), (h.flatten(1) @ made.discriminator.head.weight.T)[:, 0])
    z = torch.randn(3, 8, generator=seeded())
    h = (z @ made.generator.project.weight.T).view(3, 8, 4, 4)
    for layer in made.generator.up:
        h = layer(h.clamp(min=0))
    torch.testing.assert_close(made.generator(z), h.tanh())


def test_features_are_those_of_every_convolution_and_the_outputs_are_named():
    made = built(32, width=4)
    assert made.discriminator.feature_layers == ("down.0", "down.1", "down.2")
    assert made.discriminator.output_layers == ("head",)
    assert made.generator.output_layers == ("up.2",)
