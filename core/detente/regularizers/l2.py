"""L2: small weights."""

import torch
from torch import Tensor, nn

from detente.engine.gradients import parameter_gradients
from detente.engine.layers import Where, weights
from detente.engine.options import NonNegative
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class L2(Regularizer):
    r"""Adds the sum of squared weights to the loss, through its known gradient 2λw.

    λ Σw²      (Hoerl & Kennard 1970)

    λ is half of what SGD calls `weight_decay`. Adam rescales this gradient together with that of the loss, so its first
    step does not depend on λ at all (Loshchilov & Hutter 2019, section 2).

    Args:
        weight: λ.
        where: glob patterns of parameter names; None for all except biases and normalization gains.

    Raises:
        UsageError: no parameter matches `where`.

    On a weight (3, 4): value 25λ, gradient (6λ, 8λ).
    """

    off = {"weight": 0.0}
    decays_weights = True

    def __init__(self, weight: NonNegative = 1e-4, where: Where = None) -> None:
        super().__init__()
        self.weight, self.where = weight, where
        self._chosen: list[Tensor] = []

    def attach(self, net: nn.Module) -> None:
        self._chosen = [p for _, p in weights(net, self.where)]

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        torch._foreach_add_(parameter_gradients(self._chosen), self._chosen, alpha=2 * self.weight)

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        return {"value": self.weight * torch.stack([p.detach().square().sum() for p in self._chosen]).sum()}
