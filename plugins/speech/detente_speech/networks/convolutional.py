"""Strided convolutions on log-mels and on waveforms, after SpecGAN and WaveGAN (Donahue et al. 2019)."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import torch
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
from detente_speech.networks.conditions import CONDITIONAL, LABELLED
from detente_speech.networks.shapes import shape_of
from detente_speech.recordings import Recordings

SLOPE = 0.2
_MEAN, _SPREAD = 0.08, 0.33
"""Of the log-mels of recorded speech, over all bands; in single bands the deviation is .23 to .38."""


class SpecGAN(Model):
    """A DCGAN on log-mels [B, 1, 40, 64].

    The paper's works on linear spectrograms, 128 × 128; the layers are its, with kernels of 4 instead of 5.

    Args:
        width: feature maps next to the log-mel; they double with every stage inwards.
        latent_dim: of z.
        standard: whether both networks work with log-mels of mean 0 and variance 1. Without, a hyperbolic tangent keeps
            what is generated in (-1, 1).
        conditional: whether both networks get the classes of the recordings, the generator beside z, the discriminator
            by a projection.
    """

    def __init__(
        self, width: Count = 8, latent_dim: Count = 64, standard: bool = False, conditional: bool = False
    ) -> None:
        self.width, self.latent_dim, self.standard, self.conditional = width, latent_dim, standard, conditional
        self.metrics = CONDITIONAL if conditional else ()

    def build(self, space: Space) -> Networks:
        _, height, length = shape_of(space, "specgan", 3)
        if height % 8 or length % 8:
            raise UsageError(f"specgan: log-mels of {height} × {length}, but both must be multiples of 8.")
        classes = classes_of(space, "specgan", LABELLED) if self.conditional else None
        base = height // 8, length // 8
        maps = [self.width * 2**i for i in range(3)]
        down = (nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise([1, *maps]))
        finish, begin = (_spread, _standardized) if self.standard else (torch.tanh, _unchanged)
        return Networks(
            _SpectrogramGenerator(maps, base, self.latent_dim, finish, classes),
            _Discriminator(down, maps[-1] * base[0] * base[1], begin, classes),
        )


def _unchanged(x: Tensor) -> Tensor:
    return x


def _standardized(x: Tensor) -> Tensor:
    """Log-mels of speech → mean 0, variance 1."""
    return (x - _MEAN) / _SPREAD


def _spread(h: Tensor) -> Tensor:
    """Mean 0, variance 1 → log-mels of speech."""
    return h * _SPREAD + _MEAN


class _SpectrogramGenerator(Network):
    def __init__(
        self,
        maps: list[int],
        base: tuple[int, int],
        latent_dim: int,
        finish: Callable[[Tensor], Tensor],
        classes: int | None,
    ) -> None:
        super().__init__()
        self.base, self.finish = base, finish
        self.beside = None if classes is None else ClassBeside(classes, latent_dim)
        self.project = nn.Linear(latent_dim * (1 if classes is None else 2), maps[-1] * base[0] * base[1])
        widths = [*maps[::-1], 1]
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.output_layers = (f"up.{len(self.up) - 1}",)
        variance_preserving(self, slope=0.0)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.project(z if self.beside is None else self.beside(z, labels)).unflatten(1, (-1, *self.base))
        for layer in self.up:
            h = layer(F.relu(h))
        return self.finish(h)  # [B, 1, M, T]


class _Discriminator(Network):
    """Convolutions, leaky rectifiers behind them, and a linear layer on what is left."""

    abilities = frozenset({"features"})

    def __init__(
        self,
        convolutions: Iterable[nn.Module],
        left: int,
        begin: Callable[[Tensor], Tensor] = _unchanged,
        classes: int | None = None,
    ) -> None:
        super().__init__()
        self.begin = begin
        self.down = nn.ModuleList(convolutions)
        self.head = nn.Linear(left, 1)
        self.feature_layers = tuple(f"down.{i}" for i in range(len(self.down)))
        self.output_layers = ("head",)
        variance_preserving(self, slope=SLOPE)
        self.of_class = None if classes is None else Projection(classes, left)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.begin(x)
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)
        h = x.flatten(1)
        logits = self.head(h).squeeze(1)  # [B]
        return logits if self.of_class is None else logits + self.of_class(h, labels)


class WaveGAN(Model):
    """Convolutions of 25 samples at stride 4 on waveforms of 8 kHz [B, 1, 4096].

    Without the paper's phase shuffle, which is a regularizer of the critic: `diff-augment` shifts in time.

    Args:
        width: feature maps next to the waveform; they double with every stage inwards.
        latent_dim: of z.
    """

    def __init__(self, width: Count = 16, latent_dim: Count = 64) -> None:
        self.width, self.latent_dim = width, latent_dim

    def view(self, data: Data) -> Data:
        return data.waveforms(8000) if isinstance(data, Recordings) else data

    def build(self, space: Space) -> Networks:
        _, length = shape_of(space, "wavegan", 2)
        if length % 256:
            raise UsageError(f"wavegan: waveforms of {length} samples, but it must be a multiple of 256.")
        maps, base = [self.width * 2**i for i in range(4)], length // 256
        down = (nn.Conv1d(a, b, 25, stride=4, padding=11) for a, b in pairwise([1, *maps]))
        return Networks(_WaveGenerator(maps, base, self.latent_dim), _Discriminator(down, maps[-1] * base))


class _WaveGenerator(Network):
    def __init__(self, maps: list[int], base: int, latent_dim: int) -> None:
        super().__init__()
        self.base = base
        self.project = nn.Linear(latent_dim, maps[-1] * base)
        widths = [*maps[::-1], 1]
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(a, b, 25, stride=4, padding=11, output_padding=1) for a, b in pairwise(widths)
        )
        self.output_layers = (f"up.{len(self.up) - 1}",)
        variance_preserving(self, slope=0.0)

    def forward(self, z: Tensor) -> Tensor:
        h = self.project(z).unflatten(1, (-1, self.base))
        for layer in self.up:
            h = layer(F.relu(h))
        return h.tanh()  # [B, 1, L]
