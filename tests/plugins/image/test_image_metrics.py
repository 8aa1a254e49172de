"""Modes and diversity, where their values are known."""

import math

import pytest
import torch
from torch import Tensor

from detente import Evaluation, Stream
from detente_image import extractors, metrics
from detente_image.data import Digits, Emoji, Images, StackedDigits
from detente_image.domain import Image
from images import training
from seeded import seeded


def evaluation(x: Tensor, of: Images) -> Evaluation:
    return Evaluation(x, of, Image(), Stream(0))


def test_modes_of_balanced_and_collapsed_digits_are_the_known_answers():
    d = Digits()
    x, labels = training(d, 2000)
    assert labels is not None
    read = extractors.run("digits", x, "digit").argmax(1)
    one_each = torch.stack([x[(labels == c) & (read == c)][0] for c in range(10)])
    perfect = metrics.Modes()(evaluation(one_each.repeat(3, 1, 1, 1), d))
    assert perfect["modes"] == 10
    assert perfect["modes-kl"] == pytest.approx(0, abs=1e-12)
    collapsed = metrics.Modes()(evaluation(one_each[4:5].repeat(20, 1, 1, 1), d))
    assert collapsed["modes"] == 1
    assert collapsed["modes-kl"] == pytest.approx(math.log(10))
    assert 0.5 < collapsed["confidence"] <= 1


def test_modes_of_stacked_digits_count_to_a_thousand():
    d = StackedDigits(count=10)
    x, labels = training(Digits(), 2000)
    assert labels is not None
    read = extractors.run("digits", x, "digit").argmax(1)
    one_each = torch.stack([x[(labels == c) & (read == c)][0, 0] for c in range(10)])
    triples = torch.cartesian_prod(torch.arange(10), torch.arange(10), torch.arange(10))
    found = metrics.Modes()(evaluation(one_each[triples[:500]], d))
    assert found["modes"] == 500
    assert found["modes-kl"] == pytest.approx(math.log(2))


def test_modes_are_not_defined_for_emoji_and_diversity_of_copies_is_zero():
    d = Emoji()
    x = d.held_out()[:4]
    assert all(math.isnan(value) for value in metrics.Modes()(evaluation(x, d)).values())
    assert metrics.Diversity()(evaluation(x, d))["diversity"] > 0
    assert metrics.Diversity()(evaluation(x[:1].repeat(4, 1, 1, 1), d))["diversity"] == pytest.approx(0, abs=1e-6)
    assert math.isnan(metrics.Diversity()(evaluation(x[:1], d))["diversity"])


@pytest.mark.parametrize(
    ("found", "modes", "expected"),
    [
        ([0, 1, 2, 3], 4, 0.0),
        ([2, 2, 2], 8, math.log(8)),
        ([0, 0, 1, 1], 4, math.log(2)),
        ([0, 0, 0, 1], 2, 0.75 * math.log(1.5) + 0.25 * math.log(0.5)),
    ],
)
def test_divergence_from_all_modes_alike_on_paper(found: list[int], modes: int, expected: float):
    assert metrics.kl_to_uniform(torch.tensor(found), modes) == pytest.approx(expected, abs=1e-12)


def test_a_number_is_spelled_by_its_channels_first_channel_first():
    chances = torch.nn.functional.one_hot(torch.tensor([[4, 0, 7], [0, 0, 9]]), 10).double()
    assert metrics.spelled(chances).tolist() == [407, 9]


def test_chances_of_digits_sum_to_one_in_each_channel():
    chances = metrics.classes(torch.rand(2, 3, 32, 32, generator=seeded()) * 2 - 1)
    assert chances.shape == (2, 3, 10) and chances.dtype == torch.float64
    torch.testing.assert_close(chances.sum(-1), torch.ones(2, 3, dtype=torch.float64))


def test_diversity_is_the_mean_distance_of_two_different_samples():
    e = evaluation(Digits().held_out()[:5], Digits())
    f = e.features
    pairs = [(f[i] - f[j]).square().sum().sqrt().item() for i in range(5) for j in range(i)]
    assert metrics.Diversity()(e)["diversity"] == pytest.approx(sum(pairs) / 10, rel=1e-5)


def test_without_samples_nothing_is_measured():
    for metric in (metrics.Modes(), metrics.Diversity()):
        found = metric(evaluation(torch.zeros(0, 1, 32, 32), Digits()))
        assert found.keys() == metric.scores.keys() and all(map(math.isnan, found.values()))
