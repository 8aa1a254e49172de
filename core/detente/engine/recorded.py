"""Statistics that penalties record, over the micro-batches of one update and back where its step is skipped."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Recorded:
    """The buffers of penalties between two steps.

    Every micro-batch starts from the statistics before the update, and the step leaves their mean over micro-batches:
    running means are linear in a batch's own, so this is what the joint batch would have recorded.
    """

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        self.buffers = [buffer for module in modules for buffer in module.buffers()]
        self._forget()

    def _forget(self) -> None:
        self._before: list[Tensor] | None = None
        self._mean: list[Tensor] | None = None
        self._count = 0

    def begin(self) -> None:
        """Before the penalties of a micro-batch."""
        if self._before is None:
            self._before = [b.clone() for b in self.buffers]
        else:
            self._fold()
            self._put(self._before)

    def settle(self) -> None:
        """The step is taken."""
        if self._mean is not None:
            self._fold()
            self._put(self._mean)
        self._forget()

    def undo(self) -> None:
        """The step is skipped."""
        if self._before is not None:
            self._put(self._before)
        self._forget()

    def _fold(self) -> None:
        self._count += 1
        if self._mean is None:
            self._mean = [b.clone() for b in self.buffers]
            return
        for mean, b in zip(self._mean, self.buffers, strict=True):
            if mean.is_floating_point():
                mean.lerp_(b, 1 / self._count)
            else:
                mean.copy_(b)

    @torch.no_grad()
    def _put(self, values: list[Tensor]) -> None:
        for b, value in zip(self.buffers, values, strict=True):
            b.copy_(value)
