"""Lookahead: k steps forward, part of the way back."""

from typing import Annotated

import torch
from torch import Tensor, nn

from detente.engine.options import Count, Range
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class Lookahead(Regularizer):
    r"""Every k updates, slow weights move towards the trained ones, and training continues from the slow weights.

    at every k-th update:  φ ← φ + α (θ − φ),  θ ← φ      (Zhang et al. 2019, algorithm 1; Chavdarova et al. 2021)

    The optimizer's state is not changed. The k updates are this player's. Lookahead–minmax of Chavdarova et al.
    is this on both players, with a k that is r times as large on a discriminator with r critic steps. Between two such
    updates the deployed weights are the trained ones. It has no inactive setting.

    Args:
        k: updates between two moves of the slow weights.
        alpha: α, the fraction of the way that the slow weights move, 0 < α ≤ 1.

    On Dirac, simultaneous, on both players: every k steps z ← ((1 − α) I + α Mᵏ) z, which shrinks z where M alone
    does not.
    """

    players = ("generator", "discriminator")

    def __init__(self, k: Count = 5, alpha: Annotated[float, Range(above=0, most=1)] = 0.5) -> None:
        super().__init__()
        self.k, self.alpha = k, alpha
        self._fast: list[Tensor] = []

    def attach(self, net: nn.Module) -> None:
        trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
        for name, p in trained.items():
            self.register_buffer(name.replace(".", "/"), p.detach().clone())  # a buffer's name may hold no dot
        self._fast = list(trained.values())

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        if (m.t + 1) % self.k == 0:
            slow = list(self.buffers())
            torch._foreach_lerp_(slow, self._fast, self.alpha)
            torch._foreach_copy_(self._fast, slow)
