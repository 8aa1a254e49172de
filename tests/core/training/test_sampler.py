"""Which samples make up a batch."""

from collections import Counter

import pytest
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


@pytest.mark.parametrize(("size", "batch"), [(7, 3), (4, 4), (5, 1), (3, 8), (1, 2)])
def test_a_batch_has_its_size_and_an_epoch_every_sample_once(size, batch):
    sampler = BatchSampler(size, batch, Stream(1))
    seen = torch.cat([sampler.indices(k) for k in range(size)])  # `batch` epochs
    assert len(seen) == size * batch and all(len(sampler.indices(k)) == batch for k in range(3))
    for epoch in seen.split(size):
        assert sorted(epoch.tolist()) == list(range(size))


def test_epochs_are_shuffled_each_in_its_own_way_by_the_stream():
    sampler = BatchSampler(50, 50, Stream(1))
    first, second = sampler.indices(0), sampler.indices(1)
    assert first.tolist() != sorted(first.tolist()) and not torch.equal(first, second)
    assert not torch.equal(BatchSampler(50, 50, Stream(2)).indices(0), first)


def test_going_back_gives_the_same_batches():
    sampler = BatchSampler(10, 4, Stream(3))
    forward = [sampler.indices(k) for k in range(12)]
    assert all(torch.equal(sampler.indices(k), forward[k]) for k in reversed(range(12)))
