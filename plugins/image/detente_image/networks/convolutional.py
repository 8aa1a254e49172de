"""Strided convolutions (Radford et al. 2016)."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from detente import (
    ClassBeside,
    Count,
    Data,
    Model,
    Network,
    Networks,
    Projection,
    Space,
    classes_of,
    variance_preserving,
)
from detente_image.networks.conditions import CONDITIONAL, LABELLED, in_classes
from detente_image.networks.shapes import BASE, stages_of

SLOPE = 0.2


class DCGAN(Model):
    """Strided convolutions, after Radford et al. 2016, for sides 16, 32, 64, …

    Args:
        width: feature maps next to the image; they double with every stage inwards.
        latent_dim: of z.
        conditional: whether both networks get the classes of the images, the generator beside z, the discriminator by
            a projection (Miyato & Koyama 2018).
    """

    def __init__(self, width: Count = 16, latent_dim: Count = 64, conditional: bool = False) -> None:
        self.width, self.latent_dim, self.conditional = width, latent_dim, conditional
        self.metrics = CONDITIONAL if conditional else ()

    def view(self, data: Data) -> Data:
        return in_classes(data) if self.conditional else data

    def build(self, space: Space) -> Networks:
        stages = stages_of(space, "dcgan")
        channels = space.leaves[0].shape[0]
        maps = [self.width * 2**i for i in range(stages)]
        classes = classes_of(space, "dcgan", LABELLED) if self.conditional else None
        return Networks(
            _ConvolutionalGenerator(channels, maps, self.latent_dim, classes),
            _ConvolutionalDiscriminator(channels, maps, classes),
        )


class _ConvolutionalGenerator(Network):
    def __init__(self, channels: int, maps: list[int], latent_dim: int, classes: int | None) -> None:
        super().__init__()
        self.beside = None if classes is None else ClassBeside(classes, latent_dim)
        self.project = nn.Linear(latent_dim * (1 if classes is None else 2), maps[-1] * BASE**2)
        widths = [*maps[::-1], channels]
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.output_layers = (f"up.{len(self.up) - 1}",)
        variance_preserving(self, slope=0.0)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.project(z if self.beside is None else self.beside(z, labels)).unflatten(1, (-1, BASE, BASE))
        for layer in self.up:
            h = layer(F.relu(h))
        return h.tanh()  # [B, C, H, W]


class _ConvolutionalDiscriminator(Network):
    abilities = frozenset({"features"})

    def __init__(self, channels: int, maps: list[int], classes: int | None) -> None:
        super().__init__()
        widths = [channels, *maps]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.head = nn.Linear(maps[-1] * BASE**2, 1)
        self.feature_layers = tuple(f"down.{i}" for i in range(len(self.down)))
        self.output_layers = ("head",)
        variance_preserving(self, slope=SLOPE)
        self.of_class = None if classes is None else Projection(classes, maps[-1] * BASE**2)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)
        h = x.flatten(1)
        logits = self.head(h).squeeze(1)  # [B]
        return logits if self.of_class is None else logits + self.of_class(h, labels)
