"""Gaussians on a ring and on a grid, where covered modes can be counted."""

import math
import struct
import zlib
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor

from detente.domains.contracts import Evaluation, Metric, Model, Networks
from detente.domains.metrics import mode_scores
from detente.domains.primary import Primary
from detente.engine.options import Count, NonNegative, Positive, Range, Whole
from detente.engine.sample import Leaf, Sample, Space, leaves
from detente.errors import UsageError
from detente.toys.data import Drawn
from detente.toys.domain import Toy
from detente.toys.networks import Perceptron

_SIDE = 400
"""Of a picture, in pixels."""
_BLUE = torch.tensor([31, 119, 180])
SHARED = ("modes", "frechet", "kernel-distance", "prdc")
QUALITY = Primary(
    "quality", "higher", protocol="share of samples within 3σ of a centre × share of centres that have one"
)


class Modes(Metric):
    """How many centres are found, how sharply, and how evenly.

    Of a perfect sampler 1 − e^{−9/2} = 98.89 % of samples lie within 3σ of their centre, so a higher share means that
    variance was lost. The KL divergence of n of its samples from the uniform distribution over K centres is about
    (K − 1)/2n, not 0. A centre counts as covered with one sample within 3σ.

    scores:
        quality: `inside` times the share of covered centres.
        inside: share of samples within 3σ of the nearest centre.
        modes: covered centres, 0 to K.
        modes-kl: KL(samples' nearest centres ‖ uniform), nats.
    """

    scores = {"quality": "higher", "inside": "higher", "modes": "higher", "modes-kl": "lower"}
    renamed_scores = {"kl": "modes-kl"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        data = e.data
        if not isinstance(data, Mixture):
            raise UsageError(
                f"the metric 'modes' counts known centres; {type(data).__name__} has none; remove the metric."
            )
        x = leaves(e.samples)[0].double()
        if not x.isfinite().all():
            return dict.fromkeys(self.scores, math.nan)
        distance, nearest = torch.cdist(x, data.centres).min(dim=1)  # [n]
        # Without spread, real samples lie as far from their centres as float32 rounds.
        inside = distance <= max(3 * data.std, 1e-6 * data.centres.abs().max().item())
        share = inside.double().mean().item()
        covered = mode_scores(nearest[inside], data.modes)["modes"]
        kl = mode_scores(nearest, data.modes)["modes-kl"]
        return {"quality": share * covered / data.modes, "inside": share, "modes": covered, "modes-kl": kl}


class Mixture(Drawn):
    """Equally likely Gaussians of one standard deviation in the plane, [B, 2].

    Attributes:
        centres: [K, 2], float64.
        std: of each Gaussian, along each axis.
    """

    licence = "public domain"
    source = "drawn"

    def __init__(self, name: str, centres: Tensor, std: float, size: int, seed: int) -> None:
        self.centres, self.std = centres, float(std)

        def sample(n: int, generator: torch.Generator) -> Sample:
            which = torch.randint(self.modes, (n,), generator=generator)
            return (centres[which] + std * torch.randn(n, 2, generator=generator, dtype=torch.float64)).float()

        told = {"centres": centres.tolist(), "std": self.std, "seed": seed}
        super().__init__(name, Space((Leaf((2,)),)), sample, size, seed, told)

    @property
    def modes(self) -> int:
        """K."""
        return len(self.centres)


class RingData(Mixture):
    """8 Gaussians on a circle around the origin.

    Args:
        radius: of the circle.
        std: of each Gaussian.
        size: samples to train on.
        seed: of the draws.
    """

    description = "8 Gaussians on a ring"

    def __init__(self, radius: Positive = 2.0, std: NonNegative = 0.1, size: Count = 20_000, seed: Whole = 0) -> None:
        angle = torch.arange(8, dtype=torch.float64) * (math.pi / 4)
        super().__init__("ring", radius * torch.stack([angle.cos(), angle.sin()], dim=1), std, size, seed)


class GridData(Mixture):
    """25 Gaussians on a square grid around the origin.

    Args:
        spacing: between neighbours.
        std: of each Gaussian.
        size: samples to train on.
        seed: of the draws.
    """

    description = "25 Gaussians on a grid"

    def __init__(self, spacing: Positive = 2.0, std: NonNegative = 0.2, size: Count = 20_000, seed: Whole = 0) -> None:
        axis = spacing * torch.arange(-2, 3, dtype=torch.float64)
        super().__init__("grid", torch.cartesian_prod(axis, axis), std, size, seed)


def turn(x: Sample, generator: torch.Generator, steps: int) -> Sample:
    """Turn each point around the origin by a random multiple of a `steps`-th of the circle."""
    points = leaves(x)[0]  # [B, 2]
    k = torch.randint(steps, points.shape[:1], generator=generator, device=generator.device)
    angle = k.to(points.dtype) * (2 * math.pi / steps)
    c, s = angle.cos(), angle.sin()
    a, b = points.unbind(dim=1)
    return torch.stack([c * a - s * b, s * a + c * b], dim=1)


def eighth_turn(x: Sample, generator: torch.Generator) -> Sample:
    """A random multiple of 45°: the ring is the same afterwards."""
    return turn(x, generator, 8)


def quarter_turn(x: Sample, generator: torch.Generator) -> Sample:
    """A random multiple of 90°: ring and grid are the same afterwards."""
    return turn(x, generator, 4)


def mirror(x: Sample, generator: torch.Generator) -> Sample:
    """Reflect a point in the horizontal axis with probability ½: ring and grid are the same afterwards."""
    points = leaves(x)[0]
    sign = 2 * torch.randint(2, points.shape[:1], generator=generator, device=generator.device) - 1
    return points * torch.stack([torch.ones_like(sign), sign], dim=1)


class RingDomain(Toy):
    """8 Gaussians on a ring: a small example of mode collapse."""

    name = "ring"
    primary = QUALITY
    metrics = SHARED
    augmentations = {"turn": eighth_turn, "mirror": mirror}
    preview_suffix = ".png"
    preview_count = 1000
    sample_count = 2000

    def preview(self, x: Sample, path: Path) -> None:
        scatter(x, path, reach=3.0)


class GridDomain(Toy):
    """25 Gaussians on a grid."""

    name = "grid"
    primary = QUALITY
    metrics = SHARED
    augmentations = {"turn": quarter_turn, "mirror": mirror}
    preview_suffix = ".png"
    preview_count = 1000
    sample_count = 2000

    def preview(self, x: Sample, path: Path) -> None:
        scatter(x, path, reach=5.5)


def scatter(x: Sample, path: Path, reach: float) -> None:
    """The points of `x` as a picture, from −reach to reach along both axes."""
    points = leaves(x)[0].detach().double().cpu()
    points = points[(points.abs() < reach).all(dim=1)]  # what is not finite is outside, too
    at = ((points * torch.tensor([1.0, -1.0]) / reach + 1) / 2 * (_SIDE - 2)).long()  # column and row of a dot's corner
    count = torch.zeros(_SIDE, _SIDE)
    for right in range(2):
        for down in range(2):
            count.index_put_((at[:, 1] + down, at[:, 0] + right), torch.ones(len(at)), accumulate=True)
    ink = (1 - 0.4**count)[..., None]  # each dot lets 40 % through
    path.write_bytes(png((255 + ink * (_BLUE - 255)).round().to(torch.uint8)))


def png(pixels: Tensor) -> bytes:
    """A picture of red, green and blue, uint8 [H, W, 3], as PNG."""
    height, width, _ = pixels.shape
    rows = torch.cat([torch.zeros(height, 1, dtype=torch.uint8), pixels.flatten(1)], dim=1)  # 0: rows as they are
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(rows.flatten().tolist()))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


class MLP(Model):
    """Two perceptrons.

    Args:
        width, depth: of the hidden layers of both networks.
        latent_dim: numbers in z.
    """

    def __init__(
        self, width: Count = 64, depth: Annotated[int, Range(least=1, most=1000)] = 2, latent_dim: Count = 8
    ) -> None:
        self.width, self.depth, self.latent_dim = width, depth, latent_dim

    def build(self, space: Space) -> Networks:
        (n,) = space.leaves[0].shape
        return Networks(
            Perceptron(self.latent_dim, n, self.width, self.depth),
            Perceptron(n, 1, self.width, self.depth, squeeze=True),
        )
