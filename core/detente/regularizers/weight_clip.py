"""Weight clipping: keeps every weight in a fixed range."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Where, weights
from detente.engine.options import Positive
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class WeightClip(Regularizer):
    r"""Clips every weight to [−c, c] after each step.

    w ← min(max(w, −c), c)      (Arjovsky et al. 2017, algorithm 1)

    The initial weights are not clipped before the first step. It has no inactive setting.
    `bounded` in the log is the fraction of weights at a bound.

    Args:
        bound: c.
        where: glob patterns of parameter names; None for all parameters, including biases and gains, as in the paper.

    Raises:
        UsageError: no parameter matches `where`.

    On a weight (3, −0.2, 0.1) with c = 0.25: (0.25, −0.2, 0.1).
    """

    bounds_critic = True
    bounds_weights = True

    def __init__(self, bound: Positive = 0.01, where: Where = None) -> None:
        super().__init__()
        self.bound, self.where = bound, where
        self._chosen: list[Tensor] = []

    def attach(self, net: nn.Module) -> None:
        self._chosen = [p for _, p in weights(net, "*" if self.where is None else self.where)]

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        torch._foreach_clamp_min_(self._chosen, -self.bound)
        torch._foreach_clamp_max_(self._chosen, self.bound)

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        on_bound = torch.stack([(p.detach().abs() >= self.bound).sum() for p in self._chosen]).sum()
        return {"bounded": on_bound / sum(p.numel() for p in self._chosen)}
