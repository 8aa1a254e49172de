"""Gradient clipping by global norm: no step larger than a bound."""

import torch
from torch import Tensor, nn

from detente.engine.options import Positive
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class ClipNorm(Regularizer):
    r"""Scales all gradients of the player by one factor so that their joint norm is at most c.

    g ← g · min(1, c / ‖g‖)      (Pascanu et al. 2013, algorithm 1)

    Penalties are part of the loss and therefore part of g. Below the bound the factor is exactly 1. The norm
    stays on the device. It has no inactive setting.

    Args:
        max_norm: c.

    On a gradient (3, 4) with c = 1: (0.6, 0.8).
    """

    players = ("both", "discriminator", "generator")

    def __init__(self, max_norm: Positive = 1.0) -> None:
        super().__init__()
        self.max_norm = max_norm
        self._chosen: list[Tensor] = []

    def attach(self, net: nn.Module) -> None:
        self._chosen = [p for p in net.parameters() if p.requires_grad]

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        grads = [p.grad for p in self._chosen if p.grad is not None]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
        torch._foreach_mul_(grads, self.max_norm / norm.clamp(min=self.max_norm))
