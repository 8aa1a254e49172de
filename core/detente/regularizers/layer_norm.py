"""Layer normalization: normalizes all units of a layer within each sample."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detente.engine.layers import Normalization, Where, after, layers
from detente.engine.options import Positive
from detente.engine.regularizer import Regularizer


class LayerNorm(Regularizer):
    r"""Normalizes the hidden units of each layer within each sample.

    y = γ (x − E x) / √(Var x + ε) + β      (Ba et al. 2016, eq. 3, with the scale and shift of section 3.1)

    After a convolution, E and Var are over channels and positions jointly (as in the critic of Gulrajani et al. 2017);
    after a linear layer, over the channels of each position separately (as in transformers). γ and β are per channel.
    It is inserted between a hidden layer and its activation, uses neither other samples nor running statistics, and is
    the same when deployed. It has no inactive setting.

    Args:
        eps: ε.
        where: glob patterns of layer names; None for all hidden layers.

    Raises:
        UsageError: no layer matches `where`.

    On units (1, 3) with ε = 0: (−1, 1).
    """

    fixed = ("eps",)

    def __init__(self, eps: Positive = 1e-5, where: Where = None) -> None:
        super().__init__()
        self.eps, self.where = eps, where

    def rewrite(self, net: nn.Module) -> None:
        for layer in layers(net, self.where, outputs=False):
            if layer.channel_axis is not None:
                after(layer, self.name, LayerNormalization(layer.outputs, layer.channel_axis, self.eps))


class LayerNormalization(Normalization):
    """The inserted layer; x is [B, C, ...] or, with axis −1, [B, ..., C]."""

    def __init__(self, channels: int, axis: int, eps: float) -> None:
        super().__init__()
        self.axis, self.eps = axis, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        if self.axis == -1:
            return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
        return F.group_norm(x.movedim(self.axis, 1), 1, self.weight, self.bias, self.eps).movedim(1, self.axis)
