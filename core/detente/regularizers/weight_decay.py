"""Weight decay: weights shrink independently of the loss."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Where, weights
from detente.engine.options import NonNegative
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class WeightDecay(Regularizer):
    r"""Decoupled weight decay: just before the optimizer's step, every weight shrinks by a fixed fraction.

    w ← (1 − ηλ) w,  η the learning rate      (Loshchilov & Hutter 2019, algorithm 2, as PyTorch's AdamW has it)

    With Adam it equals AdamW to the bit, for the weights that it selects; as there, a weight without a gradient is not
    changed. With SGD without momentum it equals l2 of weight λ/2. The rate is that of the optimizer's first parameter
    group.

    Args:
        weight: λ.
        where: glob patterns of parameter names; None for all except biases and normalization gains.

    Raises:
        UsageError: no parameter matches `where`.

    On a weight (3, 4) with η = 0.1, λ = 0.5: (2.85, 3.8).
    """

    off = {"weight": 0.0}
    decays_weights = True
    decoupled = True

    def __init__(self, weight: NonNegative = 1e-2, where: Where = None) -> None:
        super().__init__()
        self.weight, self.where = weight, where
        self._chosen: list[nn.Parameter] = []

    def attach(self, net: nn.Module) -> None:
        self._chosen = [p for _, p in weights(net, self.where)]

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        moving: list[Tensor] = [p for p in self._chosen if p.grad is not None]
        if moving:
            torch._foreach_mul_(moving, 1 - m.lr * self.weight)
