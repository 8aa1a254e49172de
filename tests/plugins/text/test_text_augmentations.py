"""Random changes of sentences: what they change, what they keep, where chance comes from."""

import math
from collections.abc import Callable

import pytest
import torch

from detente_text.augmentations import masking, swapping, unigram_noise
from detente_text.vocabulary import UNKNOWN
from seeded import seeded


@pytest.mark.parametrize("augment", [masking, swapping, unigram_noise])
def test_augmentations_keep_to_the_simplex_sentence_by_sentence(augment: Callable, small):
    x = small.batch(torch.arange(100)).x.double().requires_grad_()
    y = augment(x, seeded())
    assert y.dtype == x.dtype and torch.allclose(y.sum(-1), torch.ones(()).double()) and y.min() >= 0
    changed = (y != x).any(-1).double().mean().item()
    assert 0.02 < changed < 0.4
    assert torch.equal(y, augment(x, seeded())) and not torch.equal(y, augment(x, seeded(1)))
    (grad,) = torch.autograd.grad(y[3].square().sum(), x)
    assert grad[3].any() and not grad[[*range(3), *range(4, 100)]].any()


def test_swapping_keeps_the_words_of_a_sentence(small):
    x = small.batch(torch.arange(100)).x
    assert torch.equal(swapping(x, seeded()).sum(1), x.sum(1))


def test_masking_puts_the_unknown_word_in_one_place_of_ten(small):
    x = small.batch(torch.arange(len(small))).x
    y = masking(x, seeded())
    hidden = y[..., UNKNOWN] == 1
    # 1,080 places or more, four standard errors
    assert hidden.double().mean().item() == pytest.approx(0.1, abs=0.04)
    assert torch.equal(y[~hidden], x[~hidden])


def test_a_word_that_changed_places_does_not_move_on():
    x = torch.eye(8).expand(500, 8, 8)
    place = swapping(x, seeded()).argmax(-1)
    assert (place - torch.arange(8)).abs().max() == 1
    assert (place != torch.arange(8)).any()
    assert (place.gather(1, place) == torch.arange(8)).all(), "twice is nothing"


def test_noise_mixes_in_half_at_most_of_words_and_frequent_ones_more_often():
    x = torch.zeros(4000, 4, 102)
    x[..., 0] = 1
    y = unigram_noise(x, seeded())
    mixed = y[..., 0] < 1
    assert mixed.double().mean().item() == pytest.approx(0.2, abs=0.013)  # four standard errors of 16,000 draws
    assert y[..., 0].min() >= 0.5
    share = y[..., 1:][mixed].sum(-1)
    assert share.mean().item() == pytest.approx(0.25, abs=0.011)
    rank = y[..., 1:][mixed].argmax(-1)
    assert rank.min() == 1, "never a special symbol"
    # By Zipf's law ranks 1 to 10 are drawn as often as 10 to 100, but for what rounding moves.
    assert (rank <= 10).double().mean().item() == pytest.approx(math.log(10.5) / math.log(100), abs=0.035)


@pytest.mark.parametrize("augment", [masking, swapping, unigram_noise])
def test_an_augmentation_is_linear_in_the_sample(augment: Callable, small):
    x, y = (small.batch(torch.arange(k, k + 20)).x.double() for k in (0, 20))
    middle = augment((x + y) / 2, seeded())
    torch.testing.assert_close(middle, (augment(x, seeded()) + augment(y, seeded())) / 2)
