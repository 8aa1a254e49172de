"""Exponential moving average of the weights, for sampling and evaluation."""

import copy

import torch
from torch import Tensor, nn

from detente.engine.options import Positive
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment


class EMA(Regularizer):
    r"""Does not affect training; the deployed network has the averaged weights.

    w̄ ← β w̄ + (1 − β) w,  β = 2^{−1/h}      (Yazıcı et al. 2019, eq. 2; half-life as in Karras et al. 2018)

    Parameters are averaged, buffers are copied. Put it last in its chain.

    Args:
        half_life: h: the contribution of a weight halves every h updates.
        rampup: h is at most this fraction of the updates so far, so that the initial weights quickly lose their
            influence; None for no ramp-up (Karras et al. 2020 use 0.05).

    With `rampup=None` and constant w after w̄₀: w̄ − w shrinks by β at every update.
    """

    players = ("generator", "discriminator")
    averages = True

    def __init__(self, half_life: Positive = 500.0, rampup: Positive | None = 0.05) -> None:
        super().__init__()
        self.half_life, self.rampup = half_life, rampup
        self._live: tuple[list[Tensor], list[Tensor]] = [], []
        self._kept: tuple[list[Tensor], list[Tensor]] = [], []

    def attach(self, net: nn.Module) -> None:
        self.average = copy.deepcopy(net).requires_grad_(False).eval()
        self._live = list(net.parameters()), list(net.buffers())
        self._kept = list(self.average.parameters()), list(self.average.buffers())

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        half_life = self.half_life if self.rampup is None else min(self.half_life, self.rampup * m.t)
        share = 1.0 if half_life <= 0 else 1 - 0.5 ** (1 / half_life)
        torch._foreach_lerp_(self._kept[0], self._live[0], share)
        if self._kept[1]:
            torch._foreach_copy_(self._kept[1], self._live[1])

    def deployed_from(self, net: nn.Module) -> nn.Module:
        return self.average
