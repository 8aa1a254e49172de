"""Weight clipping: a critic in a box."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Where, weights
from detente.engine.options import Positive
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class WeightClip(Regularizer):
    r"""After every step each weight is put back into [−c, c].

    w ← min(max(w, −c), c)      (Arjovsky et al. 2017, algorithm 1)

    The weights before the first step are left as they were initialized. There is no setting at which it is absent.
    `bounded` in the log is the share of weights that lie on a bound.

    Args:
        bound: c.
        where: globs over parameter names; None for all parameters, biases and gains included, as in the paper.

    On a weight (3, −0.2, 0.1) with c = 0.25: (0.25, −0.2, 0.1).
    """

    bounds_critic = True

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
