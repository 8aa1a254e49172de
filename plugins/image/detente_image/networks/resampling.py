"""Images doubled, halved and smoothed through the filter [1, 3, 3, 1] (Karras et al. 2020)."""

import torch.nn.functional as F
from torch import Tensor


def blur(x: Tensor, padding: int, gain: float = 1.0) -> Tensor:
    """[B, C, H, W] through the filter, which sums to `gain`, with so many zeros beyond each border."""
    return F.conv2d(x, gain * _filter(x), padding=padding, groups=x.shape[1])


def upsample(x: Tensor) -> Tensor:
    """[B, C, H, W] → [B, C, 2H, 2W] through the filter; zeros beyond the border."""
    return F.conv_transpose2d(x, 4 * _filter(x), stride=2, padding=1, groups=x.shape[1])


def downsample(x: Tensor) -> Tensor:
    """[B, C, H, W] → [B, C, H/2, W/2] through the filter; zeros beyond the border."""
    return F.conv2d(x, _filter(x), stride=2, padding=1, groups=x.shape[1])


def _filter(x: Tensor) -> Tensor:
    """[1, 3, 3, 1] in both directions, of sum 1, for each channel: [C, 1, 4, 4]."""
    taps = x.new_tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return (taps[:, None] * taps).expand(x.shape[1], 1, 4, 4)
