"""Fully connected layers."""

from collections.abc import Callable
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from detente import Count, Model, Network, Networks, Space, variance_preserving
from detente_image.networks.shapes import image_shape

SLOPE = 0.2


class MLP(Model):
    """Fully connected layers, for images of any size.

    Args:
        width: of the hidden layers.
        depth: hidden layers per network.
        latent_dim: of z.
    """

    def __init__(self, width: Count = 256, depth: Count = 2, latent_dim: Count = 64) -> None:
        self.width, self.depth, self.latent_dim = width, depth, latent_dim

    def build(self, space: Space) -> Networks:
        shape = image_shape(space, "mlp")
        pixels = shape[0] * shape[1] * shape[2]
        hidden = [self.width] * self.depth
        return Networks(
            _Layers([self.latent_dim, *hidden, pixels], lambda h: h.tanh().unflatten(1, shape)),
            _LayersWithFeatures([pixels, *hidden, 1], lambda h: h.squeeze(1)),
        )


class _Layers(Network):
    def __init__(self, widths: list[int], finish: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.output_layers = (f"layers.{len(self.layers) - 1}",)
        self.finish = finish
        variance_preserving(self, slope=SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        h = x.flatten(1)
        for i, layer in enumerate(self.layers):
            h = layer(F.leaky_relu(h, SLOPE) if i else h)
        return self.finish(h)


class _LayersWithFeatures(_Layers):
    abilities = frozenset({"features"})

    def __init__(self, widths: list[int], finish: Callable[[Tensor], Tensor]) -> None:
        super().__init__(widths, finish)
        self.feature_layers = tuple(f"layers.{i}" for i in range(len(widths) - 2))
