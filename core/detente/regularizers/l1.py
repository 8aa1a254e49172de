"""L1: sparse weights."""

import torch
from torch import Tensor, nn

from detente.engine.gradients import parameter_gradients
from detente.engine.layers import Where, weights
from detente.engine.options import NonNegative
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class L1(Regularizer):
    r"""Adds the sum of absolute weights to the loss, through its known gradient λ·sign(w) with sign(0) = 0.

    λ Σ|w|      (Tibshirani 1996; the subgradient at 0 is that of smallest norm)

    Args:
        weight: λ.
        where: glob patterns of parameter names; None for all except biases and normalization gains.

    Raises:
        UsageError: no parameter matches `where`.

    On a weight (3, −4): value 7λ, gradient (λ, −λ).
    """

    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 1e-5, where: Where = None) -> None:
        super().__init__()
        self.weight, self.where = weight, where
        self._chosen: list[Tensor] = []

    def attach(self, net: nn.Module) -> None:
        self._chosen = [p for _, p in weights(net, self.where)]

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        torch._foreach_add_(parameter_gradients(self._chosen), torch._foreach_sign(self._chosen), alpha=self.weight)

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        return {"value": self.weight * torch.stack([p.detach().abs().sum() for p in self._chosen]).sum()}
