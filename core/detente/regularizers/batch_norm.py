"""Batch normalization: hidden units of mean 0 and variance 1 over the batch."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detente.engine import ranks
from detente.engine.layers import Normalization, Where, after, layers
from detente.engine.options import Portion, Positive
from detente.engine.regularizer import Regularizer
from detente.engine.streams import current_pass, recomputed
from detente.errors import UsageError


class BatchNorm(Regularizer):
    r"""Normalizes every channel of each hidden layer over the batch and all positions.

    y = γ (x − E x) / √(Var x + ε) + β      (Ioffe & Szegedy 2015, algorithm 1)

    It is inserted between a hidden layer and its activation. The channel axis is that of the layer's output:
    1 for [B, C, H, W], the last for [B, T, C]. Running statistics are updated only in the main forward passes of the
    real and fake batches; the deployed network uses them. It has no inactive setting.

    Args:
        momentum: weight of the newest batch in the running statistics.
        eps: ε.
        where: glob patterns of layer names; None for all hidden layers.

    Raises:
        UsageError: no layer matches `where`.
    """

    players = ("generator", "discriminator")
    normalizes_batch = True
    mixes_samples = True
    fixed = ("momentum", "eps")

    def __init__(self, momentum: Portion = 0.1, eps: Positive = 1e-5, where: Where = None) -> None:
        super().__init__()
        self.momentum, self.eps, self.where = momentum, eps, where

    def rewrite(self, net: nn.Module) -> None:
        for layer in layers(net, self.where, outputs=False):
            if layer.channel_axis is not None:
                norm = BatchNormalization(layer.outputs, layer.channel_axis, self.momentum, self.eps, layer.name)
                after(layer, self.name, norm)


class BatchNormalization(Normalization):
    """The inserted layer; x is [B, C, ...] or, with axis −1, [B, ..., C]."""

    over_batch = True
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, axis: int, momentum: float, eps: float, layer: str) -> None:
        super().__init__()
        self.axis, self.momentum, self.eps, self.layer = axis, momentum, eps, layer
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() > 2 and self.axis == -1:
            return self._normalized(x.movedim(-1, 1)).movedim(1, -1)
        return self._normalized(x)

    def _normalized(self, x: Tensor) -> Tensor:
        if self.training and ranks.size * x.numel() == x.shape[1]:
            raise UsageError(
                f"batch-norm: in the layer {self.layer!r} a channel has a single number per batch, whose normalized "
                "value is always 0. Use a larger batch, layer-norm, or exclude the layer with where=."
            )
        if self.training and ranks.size > 1:
            return self._normalized_jointly(x)
        known = not self.training or self._records()
        return (
            F.batch_norm(  # with statistics in any case: torch.utils.checkpoint wants the same kinds of tensors again
                x,
                self.running_mean if known else self.running_mean.clone(),
                self.running_var if known else self.running_var.clone(),
                self.weight,
                self.bias,
                self.training,
                self.momentum,
                self.eps,
            )
        )

    def _records(self) -> bool:
        return current_pass().records and not recomputed()

    def _normalized_jointly(self, x: Tensor) -> Tensor:
        """The same over the joint batch of several processes."""
        wide, others = x.to(self.weight.dtype), [0, *range(2, x.dim())]
        along = (1, -1, *(1,) * (x.dim() - 2))
        mean = ranks.mean(wide.mean(others))
        var = ranks.mean((wide - mean.view(along)).square().mean(others))
        if self._records():
            n = ranks.size * x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * (n / (n - 1)), self.momentum)
        gain = self.weight * (var + self.eps).rsqrt()
        return ((wide - mean.view(along)) * gain.view(along) + self.bias.view(along)).to(x.dtype)
