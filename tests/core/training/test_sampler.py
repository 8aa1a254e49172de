"""Which samples make up a batch."""

from collections import Counter

import torch

from detente.engine.streams import Stream
from detente.training.sampler import BatchSampler


def test_a_sampler_visits_everything_once_per_epoch_whatever_the_batch():
    sampler = BatchSampler(10, 4, Stream(3))
    seen = torch.cat([sampler.indices(k) for k in range(5)])  # two epochs
    assert sorted(seen[:10].tolist()) == list(range(10)) and sorted(seen[10:].tolist()) == list(range(10))
    assert torch.equal(BatchSampler(10, 4, Stream(3)).indices(3), seen[12:16])  # no need to have drawn those before
    assert (
        Counter(BatchSampler(3, 7, Stream(0)).indices(0).tolist()).most_common(1)[0][1] == 3
    )  # a batch above the size
