"""Gradient clipping by value: no entry larger than a bound."""

import torch
from torch import nn

from detente.engine.options import Positive
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class ClipValue(Regularizer):
    r"""Clips every entry of the player's gradient to [−c, c].

    g_i ← min(max(g_i, −c), c)      (Graves 2013, there for the derivatives inside a recurrent layer)

    Penalties are part of the loss and therefore part of g. The direction of the gradient changes. A parameter without a
    gradient stays without one. It has no inactive setting.

    Args:
        max_value: c.

    On a gradient (3, −0.5) with c = 1: (1, −0.5).
    """

    players = ("both", "discriminator", "generator")

    def __init__(self, max_value: Positive = 1.0) -> None:
        super().__init__()
        self.max_value = max_value
        self._parameters_of_net: list[nn.Parameter] = []

    def attach(self, net: nn.Module) -> None:
        self._parameters_of_net = [p for p in net.parameters() if p.requires_grad]

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        grads = [p.grad for p in self._parameters_of_net if p.grad is not None]
        if grads:
            torch._foreach_clamp_min_(grads, -self.max_value)
            torch._foreach_clamp_max_(grads, self.max_value)
