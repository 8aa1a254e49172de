"""Fully connected layers, written out."""

import pytest
import torch

from detente import Leaf, Networks, Space
from detente_image.networks import MLP
from seeded import seeded


def built(shape: tuple[int, int, int] = (1, 5, 7), **options: int) -> Networks:
    torch.manual_seed(0)
    return MLP(**options).build(Space((Leaf(shape, channel_axis=1),)))


def test_parameters_are_those_of_so_many_hidden_layers():
    made = built(width=10, depth=3, latent_dim=6)
    generator = (6 + 1) * 10 + 2 * (10 + 1) * 10 + (10 + 1) * 35
    critic = (35 + 1) * 10 + 2 * (10 + 1) * 10 + (10 + 1)
    assert [sum(p.numel() for p in net.parameters()) for net in made] == [generator, critic]


def test_the_critic_sees_all_pixels_and_is_leaky_between_its_layers():
    critic = built((2, 3, 4), width=6, depth=2).discriminator
    x = torch.randn(5, 2, 3, 4, generator=seeded())
    h = x.reshape(5, 24)
    for i, layer in enumerate(critic.layers):
        h = torch.where(h > 0, h, 0.2 * h) if i else h
        h = h @ layer.weight.T + layer.bias
    torch.testing.assert_close(critic(x), h[:, 0])


def test_pixels_of_the_generator_stand_channel_by_channel_row_by_row():
    generator = built((2, 3, 4), width=6, depth=1, latent_dim=5).generator
    last = generator.layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.arange(24) / 24)
    made = generator(torch.randn(2, 5, generator=seeded()))
    assert made.shape == (2, 2, 3, 4)
    torch.testing.assert_close(made[1].flatten(), (torch.arange(24) / 24).tanh())


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_features_are_those_of_every_hidden_layer(depth: int):
    made = built(width=3, depth=depth)
    assert made.discriminator.feature_layers == tuple(f"layers.{i}" for i in range(depth))
    for net in made:
        assert net.output_layers == (f"layers.{depth}",)
    assert made.generator.feature_layers == (), "only critics are asked for features"
