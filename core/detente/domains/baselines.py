"""Simple models of the data: what adversarial training has to beat."""

import torch
from torch import Tensor


def gaussian_like(x: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`n` draws from a Gaussian with the mean and the covariance of the rows of `x`, clipped to [-1, 1].

    A sum of the centred rows with standard normal weights, over √(m−1), has exactly that covariance: no matrix to
    factor.
    """
    mean = x.mean(0)
    weights = torch.randn(n, len(x), generator=generator) / max(1, len(x) - 1) ** 0.5
    return (mean + torch.tensordot(weights, x - mean, dims=1)).clamp(-1, 1)
