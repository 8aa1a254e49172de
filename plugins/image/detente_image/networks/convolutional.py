"""Strided convolutions (Radford et al. 2016)."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from detente import Count, Model, Network, Networks, Space, variance_preserving
from detente_image.networks.shapes import BASE, stages_of

SLOPE = 0.2


class DCGAN(Model):
    """Strided convolutions, after Radford et al. 2016, for sides 16, 32, 64, …

    Args:
        width: feature maps next to the image; they double with every stage inwards.
        latent_dim: of z.
    """

    def __init__(self, width: Count = 16, latent_dim: Count = 64) -> None:
        self.width, self.latent_dim = width, latent_dim

    def build(self, space: Space) -> Networks:
        stages = stages_of(space, "dcgan")
        channels = space.leaves[0].shape[0]
        maps = [self.width * 2**i for i in range(stages)]
        return Networks(
            _ConvolutionalGenerator(channels, maps, self.latent_dim), _ConvolutionalDiscriminator(channels, maps)
        )


class _ConvolutionalGenerator(Network):
    def __init__(self, channels: int, maps: list[int], latent_dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(latent_dim, maps[-1] * BASE**2)
        widths = [*maps[::-1], channels]
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.output_layers = (f"up.{len(self.up) - 1}",)
        variance_preserving(self, slope=0.0)

    def forward(self, z: Tensor) -> Tensor:
        h = self.project(z).unflatten(1, (-1, BASE, BASE))
        for layer in self.up:
            h = layer(F.relu(h))
        return h.tanh()  # [B, C, H, W]


class _ConvolutionalDiscriminator(Network):
    abilities = frozenset({"features"})

    def __init__(self, channels: int, maps: list[int]) -> None:
        super().__init__()
        widths = [channels, *maps]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.head = nn.Linear(maps[-1] * BASE**2, 1)
        self.feature_layers = tuple(f"down.{i}" for i in range(len(self.down)))
        self.output_layers = ("head",)
        variance_preserving(self, slope=SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)
        return self.head(x.flatten(1)).squeeze(1)  # [B]
