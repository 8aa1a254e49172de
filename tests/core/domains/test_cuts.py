"""Classes of a number that samples have: where it is cut, what is said, what is measured of them."""

import math

import numpy as np
import pytest

from detente import CLASS_MEANS, Asked, Cut, UsageError, class_accuracy, class_means, cut


@pytest.mark.parametrize("bins", [2, 3, 5])
def test_different_values_are_cut_into_equal_shares(bins: int):
    values = np.random.Generator(np.random.PCG64(0)).permutation(60) / 7
    found = cut("x", values, bins, "things")
    assert np.bincount(found.classes(values)).tolist() == [60 // bins] * bins
    assert list(found.limits) == pytest.approx([60 * k / bins / 7 for k in range(1, bins)])


@pytest.mark.parametrize(
    ("counts", "bins", "shares"),
    [
        ([50, 5, 5], 2, [50, 10]),  # half of the molecules have the least value
        ([5, 5, 50], 2, [10, 50]),
        ([50, 5, 5], 3, [50, 5, 5]),
        ([10, 10, 20, 20], 3, [20, 20, 20]),
        ([1, 57, 1, 1], 4, [1, 57, 1, 1]),
    ],
)
def test_equal_values_are_in_one_class_and_no_class_is_empty(counts: list[int], bins: int, shares: list[int]):
    values = np.repeat(np.arange(len(counts)), counts).astype(float)
    assert np.bincount(cut("rings", values, bins, "molecules").classes(values)).tolist() == shares


def test_a_value_at_a_limit_belongs_to_the_class_above():
    found = Cut("logp", (0.0, 1.5))
    assert found.classes(np.array([-9, -1e-9, 0, 1.4, 1.5, 9])).tolist() == [0, 0, 1, 1, 2, 2]
    assert found.said() == "0 below 0, 1 from 0 to below 1.5, 2 from 1.5"


def test_a_constant_property_and_more_bins_than_values_are_refused():
    with pytest.raises(UsageError, match=r"rings: all molecules to train on have the rings 1, .* another condition"):
        cut("rings", np.ones(9), 3, "molecules")
    with pytest.raises(UsageError, match=r"bins=4: rings has only 3 different values among 6 molecules .*bins=3"):
        cut("rings", np.array([0, 1, 2, 0, 1, 2.0]), 4, "molecules")


def test_the_sentence_counts_the_classes_of_what_trains():
    found = Cut("length", (5.0,)).counted(np.array([0] * 1200 + [1] * 3), "sentences")
    assert found == "Classes of length: 0 below 5, 1 from 5; 1,200, 3 sentences to train on."


def test_scores_by_class_are_the_share_and_the_means_by_hand_and_nothing_of_nothing():
    of = [Asked(0, 1.0, 0), Asked(0, 4.0, 1), Asked(1, 6.0, 1), Asked(1, 8.0, 1)]
    assert class_accuracy(of) == {"class-accuracy": 0.75}
    means = class_means(of)
    assert list(means) == list(CLASS_MEANS) == [f"class-{k}-mean" for k in range(5)]
    assert means["class-0-mean"] == 2.5 and means["class-1-mean"] == 7 and math.isnan(means["class-2-mean"])
    assert all(math.isnan(value) for value in (*class_accuracy([]).values(), *class_means([]).values()))
