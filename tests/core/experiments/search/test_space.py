"""Ranges."""

import math

import pytest

from detente.experiments.search.space import Reals
from searches import A, B, C


def test_a_step_folds_back_at_the_ends():
    assert Reals("a", "a", 0.0, 1.0, False).near(0.9, 0.3) == pytest.approx(0.8)
    assert A.near(0.01, -0.25) == pytest.approx(0.1)
    assert B.near(3, 0.5) == 2
    assert C.near("y", 3.0) == "y"


@pytest.mark.parametrize("one", [A, B, C, Reals("a", "a", 1e-5, 1e-2, True)])
def test_a_range_is_spread_from_end_to_end_over_values_that_its_distribution_has(one):
    found = one.spread(3)
    assert [one.read(found[0]), one.read(found[-1])] == [one.ends[0], one.ends[-1]]
    assert all(one.distribution._contains(one.distribution.to_internal_repr(value)) for value in found)


def test_one_value_of_a_range_is_its_middle_on_its_scale():
    assert A.spread(1) == pytest.approx([1.0])  # log:0.01..100
    assert B.spread(1) == [2]


def test_a_value_is_tried_in_digits_that_can_be_copied_and_never_beyond_its_range():
    assert A.read(1.23456789) == 1.23457
    assert Reals("a", "a", 0.0, 1 / 3, False).read(1 / 3) == 0.333333
    assert Reals("a", "a", 1 / 3, 1.0, False).read(1 / 3) == 1 / 3
    assert C.read("y") == "y"


def test_sizes_and_texts_are_what_search_says():
    assert [one.size for one in (A, B, C)] == [math.inf, 3, 2]
    assert [one.text for one in (A, B, C)] == ["log:0.01..100", "lin:1..3", "choice:x,y"]
