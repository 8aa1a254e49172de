"""Residual blocks without normalization (Huang et al. 2024)."""

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
    UsageError,
    classes_of,
    variance_preserving,
)
from detente_image.networks.conditions import CONDITIONAL, LABELLED, in_classes
from detente_image.networks.shapes import BASE, stages_of

SLOPE = 0.2


class ResNet(Model):
    """Residual blocks similar to R3GAN (Huang et al. 2024), for sides 16, 32, 64, …

    Bottlenecks around a grouped 3 × 3 convolution, leaky rectifiers, bilinear resampling; each branch starts at zero
    (Fixup, Zhang et al. 2019), so that depth costs no variance at the start. Unlike R3GAN, the blocks begin at half the
    resolution of the image, which a strided convolution leads to and from: four times as fast.

    Args:
        width: feature maps next to the image; they double with every stage inwards, eightfold at most.
        blocks: residual blocks per resolution.
        group: feature maps per group of the 3 × 3 convolutions.
        latent_dim: of z.
        conditional: whether both networks get the classes of the images, the generator beside z, the discriminator by
            a projection (Miyato & Koyama 2018).
    """

    def __init__(
        self,
        width: Count = 16,
        blocks: Count = 1,
        group: Count = 16,
        latent_dim: Count = 64,
        conditional: bool = False,
    ) -> None:
        if width % group:
            raise UsageError(f"resnet: width={width} is not a multiple of group={group}.")
        self.width, self.blocks, self.group, self.latent_dim = width, blocks, group, latent_dim
        self.conditional, self.metrics = conditional, CONDITIONAL if conditional else ()

    def view(self, data: Data) -> Data:
        return in_classes(data) if self.conditional else data

    def build(self, space: Space) -> Networks:
        stages = stages_of(space, "resnet")
        channels = space.leaves[0].shape[0]
        maps = [self.width * min(2**i, 8) for i in range(stages)]
        classes = classes_of(space, "resnet", LABELLED) if self.conditional else None
        return Networks(
            _ResidualGenerator(channels, maps, self.blocks, self.group, self.latent_dim, classes),
            _ResidualDiscriminator(channels, maps, self.blocks, self.group, classes),
        )


class _Block(nn.Module):
    """x + branch(x), the branch a bottleneck around a grouped convolution."""

    def __init__(self, maps: int, group: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(maps, maps, 1)
        self.mix = nn.Conv2d(maps, maps, 3, padding=1, groups=maps // group, bias=False)
        self.leave = nn.Conv2d(maps, maps, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.enter(x), SLOPE)
        return x + self.leave(F.leaky_relu(self.mix(h), SLOPE))


def _start_at_zero(net: nn.Module) -> None:
    variance_preserving(net, slope=SLOPE)
    for block in net.modules():
        if isinstance(block, _Block):
            nn.init.zeros_(block.leave.weight)


class _ResidualGenerator(Network):
    def __init__(
        self, channels: int, maps: list[int], blocks: int, group: int, latent_dim: int, classes: int | None
    ) -> None:
        super().__init__()
        self.beside = None if classes is None else ClassBeside(classes, latent_dim)
        self.project = nn.Linear(latent_dim * (1 if classes is None else 2), maps[-1] * BASE**2)
        inwards = maps[::-1]
        self.stages = nn.ModuleList(nn.ModuleList(_Block(m, group) for _ in range(blocks)) for m in inwards)
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(inwards))
        self.to_image = nn.ConvTranspose2d(maps[0], channels, 4, stride=2, padding=1)
        self.output_layers = ("to_image",)
        _start_at_zero(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.project(z if self.beside is None else self.beside(z, labels)).unflatten(1, (-1, BASE, BASE))
        for i, stage in enumerate(self.stages):
            if i:
                h = F.interpolate(self.narrow[i - 1](h), scale_factor=2, mode="bilinear")
            for block in stage.children():
                h = block(h)
        return self.to_image(F.leaky_relu(h, SLOPE)).tanh()  # [B, C, H, W]


class _ResidualDiscriminator(Network):
    abilities = frozenset({"features"})

    def __init__(self, channels: int, maps: list[int], blocks: int, group: int, classes: int | None) -> None:
        super().__init__()
        self.from_image = nn.Conv2d(channels, maps[0], 4, stride=2, padding=1)
        self.stages = nn.ModuleList(nn.ModuleList(_Block(m, group) for _ in range(blocks)) for m in maps)
        self.widen = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(maps))
        # One filter per map over the whole 4 × 4, as R3GAN ends.
        self.gather = nn.Conv2d(maps[-1], maps[-1], BASE, groups=maps[-1], bias=False)
        self.head = nn.Linear(maps[-1], 1)
        self.feature_layers = tuple(f"stages.{i}.{blocks - 1}" for i in range(len(maps)))
        self.output_layers = ("head",)
        _start_at_zero(self)
        self.of_class = None if classes is None else Projection(classes, maps[-1])

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.from_image(x)
        for i, stage in enumerate(self.stages):
            if i:
                h = F.avg_pool2d(self.widen[i - 1](h), 2)  # bilinear at half the size
            for block in stage.children():
                h = block(h)
        h = self.gather(F.leaky_relu(h, SLOPE)).flatten(1)
        logits = self.head(h).squeeze(1)  # [B]
        return logits if self.of_class is None else logits + self.of_class(h, labels)
