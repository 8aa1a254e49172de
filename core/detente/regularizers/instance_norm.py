"""Instance normalization: normalizes each channel of each sample."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detente.engine.layers import Normalization, Where, after, layers
from detente.engine.options import Positive
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError


class InstanceNorm(Regularizer):
    r"""Normalizes each channel of each sample over its positions.

    y = γ (x − E x) / √(Var x + ε) + β      (Ulyanov et al. 2016, with a learned scale and shift per channel)

    It is inserted between a hidden layer and its activation, uses neither other samples nor running statistics, and is
    the same when deployed. A layer's output needs positions: on [B, C] every unit would become β. It has no inactive
    setting.

    Args:
        eps: ε.
        where: glob patterns of layer names; None for all hidden layers.

    Raises:
        UsageError: in the first forward, if a layer's output has fewer than two positions.

    On a channel (1, 3) with ε = 0: (−1, 1).
    """

    needs_positions = True
    fixed = ("eps",)

    def __init__(self, eps: Positive = 1e-5, where: Where = None) -> None:
        super().__init__()
        self.eps, self.where = eps, where

    def rewrite(self, net: nn.Module) -> None:
        for layer in layers(net, self.where, outputs=False):
            if layer.channel_axis is not None:
                after(layer, self.name, InstanceNormalization(layer.outputs, layer.channel_axis, self.eps, layer.name))


class InstanceNormalization(Normalization):
    """The inserted layer; x is [B, C, ...] or, with axis −1, [B, ..., C]."""

    def __init__(self, channels: int, axis: int, eps: float, layer: str) -> None:
        super().__init__()
        self.axis, self.eps, self.layer = axis, eps, layer
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = x.movedim(self.axis, 1)  # [B, C, ...]
        if x[0, 0].numel() < 2:
            raise UsageError(
                f"instance-norm: the layer {self.layer!r} gives {list(x.shape)}, without positions to normalize over, "
                "so every unit would become a constant. Select layers with positions with where=, or use layer-norm."
            )
        return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps).movedim(1, self.axis)
