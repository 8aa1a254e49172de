"""Which training samples make up batch k: a function of the seed and k alone, so there is nothing to resume."""

import warnings
from typing import Any

import torch
from torch import Tensor

from detente.engine.streams import Stream


class BatchSampler:
    """Endless shuffled epochs over `size` samples in batches of `batch`, without a seam between epochs.

    Args:
        size: number of samples.
        batch: B; may exceed `size`.
        stream: the stream of the data order.
    """

    def __init__(self, size: int, batch: int, stream: Stream) -> None:
        self.size, self.batch, self.stream = size, batch, stream
        self._epochs: dict[int, Tensor] = {}

    def indices(self, k: int) -> Tensor:
        """The samples of batch k, [B]."""
        start, end = k * self.batch, (k + 1) * self.batch
        first, last = start // self.size, (end - 1) // self.size
        self._epochs = {e: p for e, p in self._epochs.items() if e >= first}
        parts = []
        for epoch in range(first, last + 1):
            offset = epoch * self.size
            parts.append(self._epoch(epoch)[max(start - offset, 0) : end - offset])
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _epoch(self, epoch: int) -> Tensor:
        if epoch not in self._epochs:
            self._epochs[epoch] = torch.randperm(self.size, generator=self.stream.at(epoch).generator())
        return self._epochs[epoch]


def __getattr__(name: str) -> Any:
    if name != "Sampler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn("Sampler is now called BatchSampler; the old name goes with the next release.", DeprecationWarning, 2)
    return BatchSampler
