"""Group normalization: normalizes groups of channels within each sample."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detente.engine.layers import Normalization, Where, after, layers
from detente.engine.options import Count, Positive
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError


class GroupNorm(Regularizer):
    r"""Normalizes groups of channels within every sample, over their channels and all positions.

    y = γ (x − E x) / √(Var x + ε) + β      (Wu & He 2018, eq. 1, 7)

    Groups are given by their size, not their number, so that one setting fits layers of any width: a layer gets as many
    equal groups of at least `size` channels as possible, and one group if it is narrower. γ and β are per channel. It
    is inserted between a hidden layer and its activation, uses neither other samples nor running statistics, and is the
    same when deployed. It has no inactive setting.

    Args:
        size: channels per group.
        eps: ε.
        where: glob patterns of layer names; None for all hidden layers.

    Raises:
        UsageError: in the first forward, if a group is a single number.

    With size=2 and ε = 0, units (1, 3, 10, 30) become (−1, 1, −1, 1).
    """

    fixed = ("eps",)

    def __init__(self, size: Count = 16, eps: Positive = 1e-5, where: Where = None) -> None:
        super().__init__()
        self.size, self.eps, self.where = size, eps, where

    def rewrite(self, net: nn.Module) -> None:
        for layer in layers(net, self.where, outputs=False):
            if layer.channel_axis is not None:
                size = layer.outputs
                most = max(1, size // self.size)
                groups = next(n for n in range(most, 0, -1) if size % n == 0)
                after(layer, self.name, GroupNormalization(size, groups, layer.channel_axis, self.eps, layer.name))


class GroupNormalization(Normalization):
    """The inserted layer; x is [B, C, ...] or, with axis −1, [B, ..., C]."""

    def __init__(self, channels: int, groups: int, axis: int, eps: float, layer: str) -> None:
        super().__init__()
        self.groups, self.axis, self.eps, self.layer = groups, axis, eps, layer
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = x.movedim(self.axis, 1)  # [B, C, ...]
        if x[0].numel() == self.groups:
            raise UsageError(
                f"group-norm: in the layer {self.layer!r} a group is a single number, which normalization turns into a "
                "constant. Use a larger size, or exclude the layer with where=."
            )
        return F.group_norm(x, self.groups, self.weight, self.bias, self.eps).movedim(1, self.axis)
