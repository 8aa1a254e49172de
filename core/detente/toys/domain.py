"""What all toys have in common: features, a Gaussian for a baseline, text for a preview."""

import math
from pathlib import Path

import torch
from torch import Tensor

from detente.domains.contracts import Data, Domain
from detente.engine.sample import Sample, batch_size, each, leaves, like, per_sample


class Toy(Domain):
    """A domain whose features are the sample itself, written out as one row of numbers."""

    refuses = False
    preview_count = 16

    def features(self, x: Sample) -> Tensor:
        return flat(x)

    def preview(self, x: Sample, path: Path) -> None:
        path.write_text("".join(f"{line}\n" for line in self.lines(x)), encoding="utf-8")

    def lines(self, x: Sample) -> list[str]:
        """Samples as text, one line each; leaves are set apart by a bar."""
        columns = [[" ".join(f"{v:+.4f}" for v in row) for row in leaf.flatten(1).tolist()] for leaf in leaves(x)]
        return [" | ".join(parts) for parts in zip(*columns, strict=True)]

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Sample:
        return gaussian_fit(training_samples(data), n, generator)


def flat(x: Sample) -> Tensor:
    """All leaves as one row of numbers per sample, [B, d]."""
    return torch.cat([leaf.flatten(1) for leaf in leaves(x)], dim=1)


def training_samples(data: Data, most: int = 5000) -> Sample:
    """The first `most` training samples."""
    return data.batch(torch.arange(min(most, len(data)))).x


def gaussian_fit(x: Sample, n: int, generator: torch.Generator) -> Sample:
    """`n` draws from the Gaussian with the mean and covariance of `x`, all leaves jointly, arranged like `x`."""
    wide = flat(x).double()  # [B, d]
    mean = wide.mean(0)
    # X − μ = QR gives RᵀR = (B − 1)Σ without squaring anything, so a singular covariance is no special case.
    factor = torch.linalg.qr(wide - mean, mode="r").R / math.sqrt(max(1, batch_size(x) - 1))  # [min(B, d), d]
    drawn = mean + torch.randn(n, factor.shape[0], generator=generator, dtype=wide.dtype) @ factor
    sizes = [leaf[0].numel() for leaf in leaves(x)]
    parts = zip(drawn.split(sizes, dim=1), leaves(x), strict=True)
    return like(x, [part.reshape(n, *leaf.shape[1:]).to(leaf.dtype) for part, leaf in parts])


def flip(x: Sample, generator: torch.Generator) -> Sample:
    """Change the sign of a sample as a whole, all its leaves together, with probability ½."""
    sign = 2 * torch.randint(2, (batch_size(x),), generator=generator, device=generator.device) - 1  # [B]
    return each(lambda leaf: leaf * per_sample(sign, leaf), x)
