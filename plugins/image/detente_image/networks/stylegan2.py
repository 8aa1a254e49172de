"""The networks of StyleGAN2 (Karras et al. 2020)."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from detente import (
    ClassBeside,
    Count,
    Data,
    Model,
    Network,
    Networks,
    Probability,
    Projection,
    Space,
    UsageError,
    classes_of,
    current_pass,
    equalize,
)
from detente_image.networks.conditions import CONDITIONAL, LABELLED, in_classes
from detente_image.networks.modulated import Modulated, Styled, activated, pixel_norm
from detente_image.networks.resampling import blur, downsample, upsample
from detente_image.networks.shapes import BASE, stages_of

_SLOWER = 0.01
"""How much slower the mapping network learns, as in the paper."""


class StyleGAN2(Model):
    """StyleGAN2 (Karras et al. 2020), for sides 8, 16, 32, …: a generator with skips and a residual discriminator.

    z is normalized and mapped to inner latents w, which scale the inputs of every convolution; each has noise of a
    learned strength, and every resolution adds to the image. All layers have equalized learning rates. Samples are not
    squashed; in evaluation they are clamped to [-1, 1]. The discriminator's standard deviation over the batch is the
    regularizer `minibatch-stddev` on its layer `gather`, which the model's recipe has. The published networks are
    `width=512, wide_until=64, latent_dim=512, depth=8, mixing=0.9` (config F).

    Args:
        width: feature maps at resolutions up to `wide_until`; they halve with every doubling beyond it.
        wide_until: see `width`.
        latent_dim: of z and of w.
        depth: layers of the mapping network.
        mixing: the share of samples in training whose later layers get the w of other latents (style mixing).
        conditional: whether both networks get the classes of the images, the mapping network beside z, the
            discriminator by a projection (Miyato & Koyama 2018).
    """

    def __init__(
        self,
        width: Count = 32,
        wide_until: Count = 8,
        latent_dim: Count = 64,
        depth: Count = 4,
        mixing: Probability = 0.0,
        conditional: bool = False,
    ) -> None:
        self.width, self.wide_until, self.latent_dim = width, wide_until, latent_dim
        self.depth, self.mixing = depth, mixing
        self.conditional, self.metrics = conditional, CONDITIONAL if conditional else ()

    def view(self, data: Data) -> Data:
        return in_classes(data) if self.conditional else data

    def build(self, space: Space) -> Networks:
        sides = [BASE * 2**i for i in range(stages_of(space, "stylegan2", least=8) + 1)]
        maps = [self.width * min(side, self.wide_until) // side for side in sides]  # 4 × 4 first
        if not all(maps):
            raise UsageError(
                f"stylegan2: width={self.width} leaves no feature map at {sides[-1]} × {sides[-1]}; take a greater "
                "width, or wide_until."
            )
        channels = space.leaves[0].shape[0]
        classes = classes_of(space, "stylegan2", LABELLED) if self.conditional else None
        mapping = _Mapping(self.latent_dim, self.depth, self.mixing, classes)
        return Networks(_Generator(channels, maps, mapping), _Discriminator(channels, maps[::-1], classes))


class _Mapping(nn.Module):
    """z, and the class beside it, to w: [B, Z] → [B, 1, Z], or [B, 2, Z] with a second w to mix with it."""

    def __init__(self, latent_dim: int, depth: int, mixing: float, classes: int | None) -> None:
        super().__init__()
        self.latent_dim, self.mixing = latent_dim, mixing
        self.beside = None if classes is None else ClassBeside(classes, latent_dim)
        widths = [latent_dim * (1 if classes is None else 2), *[latent_dim] * depth]
        layers = [nn.Linear(a, b) for a, b in pairwise(widths)]
        for layer in layers:
            equalize(layer, rate=_SLOWER)
        self.layers = nn.ModuleList(layers)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        w = self._mapped(z, labels)[:, None]
        if not (self.training and self.mixing):
            return w
        draws = current_pass().generator("mixing", z.device)
        other = torch.randn(z.shape, generator=draws, device=z.device, dtype=z.dtype)
        return torch.cat([w, self._mapped(other, labels)[:, None]], 1)

    def _mapped(self, z: Tensor, labels: Tensor | None) -> Tensor:
        h = pixel_norm(z if self.beside is None else self.beside(z, labels))
        for layer in self.layers:
            h = activated(layer(h))
        return h


class _Generator(Network):
    abilities = frozenset({"mapping"})

    def __init__(self, channels: int, maps: list[int], mapping: _Mapping) -> None:
        super().__init__()
        self.mapping = mapping
        dim = mapping.latent_dim
        self.base = nn.Parameter(torch.randn(maps[0], BASE, BASE))  # what every sample starts from
        steps = [(maps[0], maps[0], False)]
        for a, b in pairwise(maps):
            steps += [(a, b, True), (b, b, False)]
        self.styled = nn.ModuleList(Styled(a, b, dim, f"noise/{i}", up=up) for i, (a, b, up) in enumerate(steps))
        self.to_image = nn.ModuleList(Modulated(m, channels, 1, dim, demodulate=False) for m in maps)
        self.output_layers = tuple(f"to_image.{i}" for i in range(len(maps)))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        w = self._of_layers(self.mapping(z, labels))
        h = self.styled[0](self.base.expand(len(z), -1, -1, -1), w[:, 0])
        x = self.to_image[0](h, w[:, 1])
        for i, to_image in enumerate(self.to_image):
            if i:
                first = 2 * i - 1
                h = self.styled[first + 1](self.styled[first](h, w[:, first]), w[:, first + 1])
                x = upsample(x) + to_image(h, w[:, first + 2])
        return x if self.training else x.clamp(-1, 1)  # [B, C, H, W]

    def _of_layers(self, w: Tensor) -> Tensor:
        """The w of each layer, [B, L, D]; an image's layer shares that of the layer which comes next."""
        layers = len(self.styled) + 1
        if w.shape[1] == 1:
            return w.expand(-1, layers, -1)
        draws = current_pass().generator("mixing", w.device)
        mixed = torch.rand(len(w), generator=draws, device=w.device) < self.mapping.mixing
        crossover = torch.randint(1, layers, (len(w),), generator=draws, device=w.device)
        later = torch.arange(layers, device=w.device) >= crossover[:, None]
        return torch.where((later & mixed[:, None])[..., None], w[:, 1:], w[:, :1])


class _Block(nn.Module):
    """(branch(x) + skip(x)) / √2 at half the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.leave = nn.Conv2d(inputs, outputs, 3, stride=2)
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False)
        for layer in (self.enter, self.leave, self.skip):
            equalize(layer)

    def forward(self, x: Tensor) -> Tensor:
        h = activated(self.leave(blur(activated(self.enter(x)), padding=2)))
        return (h + self.skip(downsample(x))) * 0.5**0.5


class _Discriminator(Network):
    abilities = frozenset({"features"})
    output_layers = ("head",)

    def __init__(self, channels: int, maps: list[int], classes: int | None) -> None:
        super().__init__()
        last = maps[-1]
        self.from_image = nn.Conv2d(channels, maps[0], 1)
        self.blocks = nn.ModuleList(_Block(a, b) for a, b in pairwise(maps))
        self.gather = nn.Conv2d(last, last, 3, padding=1)
        self.flat = nn.Linear(last * BASE**2, last)
        self.head = nn.Linear(last, 1)
        self.feature_layers = tuple(f"blocks.{i}" for i in range(len(self.blocks)))
        for layer in (self.from_image, self.gather, self.flat, self.head):
            equalize(layer)
        self.of_class = None if classes is None else Projection(classes, last)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        h = activated(self.from_image(x))
        for block in self.blocks:
            h = block(h)
        h = activated(self.flat(activated(self.gather(h)).flatten(1)))
        logits = self.head(h).squeeze(1)  # [B]
        return logits if self.of_class is None else logits + self.of_class(h, labels)
