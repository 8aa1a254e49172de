"""The networks of R3GAN (Huang et al. 2024)."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from detente import ClassBeside, Count, Data, Model, Network, Networks, Projection, Space, UsageError, classes_of
from detente_image.networks.conditions import CONDITIONAL, LABELLED, in_classes
from detente_image.networks.resampling import downsample, upsample
from detente_image.networks.shapes import BASE, stages_of

SLOPE = 0.2
GAIN = (2 / (1 + SLOPE**2)) ** 0.5


class R3GAN(Model):
    """R3GAN's config E (Huang et al. 2024, section 4), for sides 16, 32, 64, …: what its released code builds.

    Inverted bottlenecks around a grouped 3 × 3 convolution from the full resolution down to 4 × 4, leaky rectifiers,
    filtered resampling, no normalization; each branch starts at zero and its other weights at L^(−1/4) of He's, with L
    blocks in all (Fixup, Zhang et al. 2019). Samples are not squashed; in evaluation they are clamped to [-1, 1].
    The published networks are `width=768, blocks=2` with 16 maps per group (32 and `width=1536` for ImageNet).

    Args:
        width: feature maps at resolutions up to `wide_until`; they halve with every doubling beyond it.
        blocks: residual blocks per resolution.
        group: feature maps per group of the 3 × 3 convolutions.
        expansion: how many times as many maps there are between the two 1 × 1 convolutions of a block.
        wide_until: see `width`.
        latent_dim: of z.
        conditional: whether both networks get the classes of the images, the generator beside z; the discriminator's
            logit is then a projection alone, as in the released code.
    """

    def __init__(
        self,
        width: Count = 32,
        blocks: Count = 1,
        group: Count = 16,
        expansion: Count = 2,
        wide_until: Count = 32,
        latent_dim: Count = 64,
        conditional: bool = False,
    ) -> None:
        self.width, self.blocks, self.group, self.expansion = width, blocks, group, expansion
        self.wide_until, self.latent_dim = wide_until, latent_dim
        self.conditional, self.metrics = conditional, CONDITIONAL if conditional else ()

    def view(self, data: Data) -> Data:
        return in_classes(data) if self.conditional else data

    def build(self, space: Space) -> Networks:
        sides = [BASE * 2**i for i in range(stages_of(space, "r3gan") + 1)]
        maps = [self.width * min(side, self.wide_until) // side for side in sides]  # 4 × 4 first
        for side, m in zip(sides, maps, strict=True):
            if m * self.expansion % self.group or not m:
                raise UsageError(
                    f"r3gan: {m} × {self.expansion} feature maps at {side} × {side} make no groups of {self.group}; "
                    "take another width, or a smaller group."
                )
        channels = space.leaves[0].shape[0]
        classes = classes_of(space, "r3gan", LABELLED) if self.conditional else None
        shape = self.blocks, self.group, self.expansion
        return Networks(
            _Generator(channels, maps, *shape, self.latent_dim, classes),
            _Discriminator(channels, maps[::-1], *shape, classes),
        )


class _Block(nn.Module):
    """x + branch(x), the branch an inverted bottleneck around a grouped convolution."""

    def __init__(self, maps: int, group: int, expansion: int, depth: int) -> None:
        super().__init__()
        wide = maps * expansion
        self.enter = nn.Conv2d(maps, wide, 1)
        self.mix = nn.Conv2d(wide, wide, 3, padding=1, groups=wide // group)
        self.leave = nn.Conv2d(wide, maps, 1, bias=False)
        _draw(self.enter, GAIN * depth**-0.25)
        _draw(self.mix, GAIN * depth**-0.25)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.enter(x), SLOPE)
        return x + self.leave(F.leaky_relu(self.mix(h), SLOPE))


def _draw(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> None:
    """Normal weights of deviation gain/√(inputs of an output), biases 0."""
    nn.init.normal_(layer.weight, std=gain * layer.weight[0].numel() ** -0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _transitions(maps: list[int]) -> nn.ModuleList:
    """A 1 × 1 convolution from each number of maps to the next, nothing where they are equal."""
    found = nn.ModuleList()
    for a, b in pairwise(maps):
        layer = nn.Identity() if a == b else nn.Conv2d(a, b, 1, bias=False)
        if isinstance(layer, nn.Conv2d):
            _draw(layer)
        found.append(layer)
    return found


def _stages(maps: list[int], blocks: int, group: int, expansion: int) -> nn.ModuleList:
    depth = blocks * len(maps)
    return nn.ModuleList(nn.ModuleList(_Block(m, group, expansion, depth) for _ in range(blocks)) for m in maps)


class _Generator(Network):
    output_layers = ("to_image",)

    def __init__(
        self,
        channels: int,
        maps: list[int],
        blocks: int,
        group: int,
        expansion: int,
        latent_dim: int,
        classes: int | None,
    ) -> None:
        super().__init__()
        self.beside = None if classes is None else ClassBeside(classes, latent_dim)
        self.project = nn.Linear(latent_dim * (1 if classes is None else 2), maps[0], bias=False)
        # A learned 4 × 4 picture for each map, times its number.
        self.basis = nn.ConvTranspose2d(maps[0], maps[0], BASE, groups=maps[0], bias=False)
        self.stages = _stages(maps, blocks, group, expansion)
        self.narrow = _transitions(maps)
        self.to_image = nn.Conv2d(maps[-1], channels, 1, bias=False)
        _draw(self.project)
        nn.init.normal_(self.basis.weight)
        _draw(self.to_image)
        if self.beside is not None and classes is not None:
            nn.init.normal_(self.beside.embed.weight, std=classes**-0.5)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.basis(self.project(z if self.beside is None else self.beside(z, labels))[..., None, None])
        for i, stage in enumerate(self.stages):
            if i:
                h = upsample(self.narrow[i - 1](h))
            for block in stage.children():
                h = block(h)
        x = self.to_image(h)  # [B, C, H, W]
        return x if self.training else x.clamp(-1, 1)


class _Discriminator(Network):
    abilities = frozenset({"features"})
    output_layers = ("head",)

    def __init__(
        self, channels: int, maps: list[int], blocks: int, group: int, expansion: int, classes: int | None
    ) -> None:
        super().__init__()
        self.from_image = nn.Conv2d(channels, maps[0], 1, bias=False)
        self.stages = _stages(maps, blocks, group, expansion)
        self.widen = _transitions(maps)
        self.gather = nn.Conv2d(maps[-1], maps[-1], BASE, groups=maps[-1], bias=False)
        self.head = nn.Linear(maps[-1], 1 if classes is None else maps[-1], bias=False)
        self.feature_layers = tuple(f"stages.{i}.{blocks - 1}" for i in range(len(maps)))
        for layer in (self.from_image, self.gather, self.head):
            _draw(layer)
        self.of_class = None if classes is None else Projection(classes, maps[-1])
        if self.of_class is not None and classes is not None:
            nn.init.normal_(self.of_class.embed.weight, std=(classes * maps[-1]) ** -0.5)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.from_image(x)
        for i, stage in enumerate(self.stages):
            if i:
                h = self.widen[i - 1](downsample(h))
            for block in stage.children():
                h = block(h)
        h = self.head(self.gather(h).flatten(1))
        return h.squeeze(1) if self.of_class is None else self.of_class(h, labels)  # [B]
