"""Convolutions whose input channels a style scales (Karras et al. 2020)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import current_pass, equalize
from detente_image.networks.resampling import blur

SLOPE = 0.2
GAIN = 2**0.5
"""Of a leaky rectifier, as the released code has it."""


def activated(x: Tensor) -> Tensor:
    """A leaky rectifier that about keeps the second moment."""
    return F.leaky_relu(x, SLOPE) * GAIN


def pixel_norm(x: Tensor) -> Tensor:
    """x over the root of its mean square, [B, D]."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class Modulated(nn.Conv2d):
    r"""A convolution with weights of each sample's own: [B, inputs, H, W], [B, style_dim] → [B, outputs, H, W].

    w′_ijk = s_i · w_ijk,   w″_ijk = w′_ijk / √(Σ_ik w′_ijk² + 1e-8),   s = A(w)      (Karras et al. 2020, eq. 1, 3)

    The scales are put on the inputs and on the outputs instead of on the weights, which is the same and needs no
    grouped convolution; the demodulation of eq. 3 gives outputs unit variance where inputs are independent and have it.

    Args:
        inputs, outputs: channels.
        kernel: side of the filters, 1 or 3.
        style_dim: of the inner latents w; A is affine with equalized weights, and its bias starts at 1.
        up: whether the image is doubled before, through the filter [1, 3, 3, 1].
        demodulate: whether eq. 3 is applied.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, style_dim: int, *, up: bool = False, demodulate: bool = True
    ) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)
        self.up, self.demodulate = up, demodulate
        equalize(self)
        self.style = nn.Linear(style_dim, inputs)
        equalize(self.style)
        nn.init.ones_(self.style.bias)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:  # type: ignore[override]  # a convolution to every regularizer
        s, weight = self.style(w), self.weight
        h = x * s[..., None, None]
        if self.up:
            # The convolution of the doubled image: each tap at the resolution that was, then the filter.
            h = blur(F.conv_transpose2d(h, weight.transpose(0, 1).flip(2, 3), stride=2), padding=1, gain=4)
        else:
            h = self._conv_forward(h, weight, None)
        if self.demodulate:
            h = h * (s.square() @ weight.square().sum((2, 3)).T + 1e-8).rsqrt()[..., None, None]
        return h if self.bias is None else h + self.bias[:, None, None]


class Styled(nn.Module):
    """A modulated convolution, noise of a learned strength, one picture of it for all channels, and a rectifier."""

    def __init__(self, inputs: int, outputs: int, style_dim: int, purpose: str, *, up: bool = False) -> None:
        super().__init__()
        self.convolution = Modulated(inputs, outputs, 3, style_dim, up=up)
        self.strength = nn.Parameter(torch.zeros(()))
        self.purpose = purpose

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        h = self.convolution(x, w)
        draws = current_pass().generator(self.purpose, h.device)
        noise = torch.randn(len(h), 1, *h.shape[2:], generator=draws, device=h.device, dtype=h.dtype)
        return activated(h + self.strength * noise)
