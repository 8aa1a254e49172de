"""Reference networks for square images: convolutional, residual, fully connected.

None has normalization or dropout of its own: those are regularizers here. Without it the scale of activations is up to
the initialization, so weights start such that layers keep the variance of their input.
"""

from collections.abc import Callable
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from detente import Model, Networks, Space, UsageError

BASE = 4
"""Side of the smallest feature maps."""
SLOPE = 0.2


def stages_of(space: Space, model: str) -> int:
    """How often a 4 × 4 map is doubled until it has the size of the images.

    Raises:
        UsageError: the images are not square, or their side is no power of two from 16 on.
    """
    _, height, width = image_shape(space, model)
    if height != width or height < 16 or height & (height - 1):
        raise UsageError(
            f"model {model!r} makes square images whose side is a power of two, 16 at least, but the data are"
            f" {height} × {width}. Set the data's size to 16, 32, 64, …, or take model 'mlp'."
        )
    return (height // BASE).bit_length() - 1


def image_shape(space: Space, model: str) -> tuple[int, int, int]:
    """Channels, height and width of the images in a space.

    Raises:
        UsageError: its samples are not images.
    """
    if len(space.leaves) != 1 or len(space.leaves[0].shape) != 3:
        shapes = ", ".join(str(leaf.shape) for leaf in space.leaves)
        raise UsageError(f"model {model!r} is for images (channels, height, width), but the data are {shapes}.")
    channels, height, width = space.leaves[0].shape
    return channels, height, width


def variance_preserving(net: nn.Module, slope: float) -> None:
    """Weights as He et al. 2015 draw them for rectifiers of this slope, biases 0, in place."""
    for layer in net.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=slope)
        elif isinstance(layer, nn.ConvTranspose2d):
            # A 4 × 4 kernel at stride 2 adds 4 taps of each input channel to a pixel, which torch's count of inputs
            # (taken from the wrong dimension for transposed weights) does not see.
            taps = layer.weight[0, 0].numel() // (layer.stride[0] * layer.stride[1])
            std = (2 / ((1 + slope**2) * layer.in_channels * taps)) ** 0.5
            nn.init.normal_(layer.weight, std=std)
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None:
            nn.init.zeros_(layer.bias)


class DCGAN(Model):
    """Strided convolutions, after Radford et al. 2016, for sides 16, 32, 64, …

    Args:
        width: feature maps next to the image; they double with every stage inwards.
        latent_dim: of z.
    """

    def __init__(self, width: int = 16, latent_dim: int = 64) -> None:
        _positive("dcgan", width=width, latent_dim=latent_dim)
        self.width, self.latent_dim = width, latent_dim

    def build(self, space: Space) -> Networks:
        stages = stages_of(space, "dcgan")
        channels = space.leaves[0].shape[0]
        maps = [self.width * 2**i for i in range(stages)]
        return Networks(
            _ConvolutionalGenerator(channels, maps, self.latent_dim), _ConvolutionalDiscriminator(channels, maps)
        )


class _ConvolutionalGenerator(nn.Module):
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


class _ConvolutionalDiscriminator(nn.Module):
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


class ResNet(Model):
    """Residual blocks in the manner of R3GAN (Huang et al. 2024), for sides 16, 32, 64, …

    Bottlenecks around a grouped 3 × 3 convolution, leaky rectifiers, bilinear resampling; each branch starts at zero
    (Fixup, Zhang et al. 2019), so that depth costs no variance at the start. Unlike R3GAN, the blocks begin at half the
    resolution of the image, which a strided convolution leads to and from: four times as fast.

    Args:
        width: feature maps next to the image; they double with every stage inwards, eightfold at most.
        blocks: residual blocks per resolution.
        group: feature maps per group of the 3 × 3 convolutions.
        latent_dim: of z.
    """

    def __init__(self, width: int = 16, blocks: int = 1, group: int = 16, latent_dim: int = 64) -> None:
        _positive("resnet", width=width, blocks=blocks, group=group, latent_dim=latent_dim)
        if width % group:
            raise UsageError(f"resnet: width={width} is not a multiple of group={group}.")
        self.width, self.blocks, self.group, self.latent_dim = width, blocks, group, latent_dim

    def build(self, space: Space) -> Networks:
        stages = stages_of(space, "resnet")
        channels = space.leaves[0].shape[0]
        maps = [self.width * min(2**i, 8) for i in range(stages)]
        return Networks(
            _ResidualGenerator(channels, maps, self.blocks, self.group, self.latent_dim),
            _ResidualDiscriminator(channels, maps, self.blocks, self.group),
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


class _ResidualGenerator(nn.Module):
    def __init__(self, channels: int, maps: list[int], blocks: int, group: int, latent_dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(latent_dim, maps[-1] * BASE**2)
        inwards = maps[::-1]
        self.stages = nn.ModuleList(nn.ModuleList(_Block(m, group) for _ in range(blocks)) for m in inwards)
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(inwards))
        self.to_image = nn.ConvTranspose2d(maps[0], channels, 4, stride=2, padding=1)
        self.output_layers = ("to_image",)
        _start_at_zero(self)

    def forward(self, z: Tensor) -> Tensor:
        h = self.project(z).unflatten(1, (-1, BASE, BASE))
        for i, stage in enumerate(self.stages):
            if i:
                h = F.interpolate(self.narrow[i - 1](h), scale_factor=2, mode="bilinear")
            for block in stage.children():
                h = block(h)
        return self.to_image(F.leaky_relu(h, SLOPE)).tanh()  # [B, C, H, W]


class _ResidualDiscriminator(nn.Module):
    abilities = frozenset({"features"})

    def __init__(self, channels: int, maps: list[int], blocks: int, group: int) -> None:
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

    def forward(self, x: Tensor) -> Tensor:
        h = self.from_image(x)
        for i, stage in enumerate(self.stages):
            if i:
                h = F.avg_pool2d(self.widen[i - 1](h), 2)  # bilinear at half the size
            for block in stage.children():
                h = block(h)
        return self.head(self.gather(F.leaky_relu(h, SLOPE)).flatten(1)).squeeze(1)  # [B]


class MLP(Model):
    """Fully connected layers, for images of any size.

    Args:
        width: of the hidden layers.
        depth: hidden layers per network.
        latent_dim: of z.
    """

    def __init__(self, width: int = 256, depth: int = 2, latent_dim: int = 64) -> None:
        _positive("mlp", width=width, depth=depth, latent_dim=latent_dim)
        self.width, self.depth, self.latent_dim = width, depth, latent_dim

    def build(self, space: Space) -> Networks:
        shape = image_shape(space, "mlp")
        pixels = shape[0] * shape[1] * shape[2]
        hidden = [self.width] * self.depth
        return Networks(
            _Layers([self.latent_dim, *hidden, pixels], lambda h: h.tanh().unflatten(1, shape)),
            _LayersWithFeatures([pixels, *hidden, 1], lambda h: h.squeeze(1)),
        )


class _Layers(nn.Module):
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


def _positive(model: str, **options: int) -> None:
    for name, value in options.items():
        if value < 1:
            raise UsageError(f"{model}: {name}={value}, but it is at least 1.")
