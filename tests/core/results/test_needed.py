"""How many more blocks would settle a comparison."""

import math

import numpy as np
import pytest
from scipy import stats

from detente.results.needed import MOST, more_blocks, pairs_for, said


def with_moments(mean: float, deviation: float, n: int = 12) -> list[float]:
    """Differences with exactly these moments."""
    x = np.random.default_rng(0).normal(size=n)
    x = (x - x.mean()) / x.std(ddof=1)
    return list(mean + deviation * x)


@pytest.mark.parametrize("effect", [0.3, 0.5, 0.8, 1.2, -0.7])
@pytest.mark.parametrize("comparisons", [1, 5, 20])
def test_so_many_pairs_give_students_test_its_power_and_fewer_do_not(effect, comparisons):
    """Against the noncentral t distribution, which is exact for Gaussian noise."""
    n = pairs_for(with_moments(0.04 * effect, 0.04), comparisons)
    assert n is not None

    def power(pairs: int) -> float:
        edge = stats.t.ppf(1 - 0.05 / comparisons / 2, pairs - 1)
        return float(stats.nct.sf(edge, pairs - 1, abs(effect) * math.sqrt(pairs)))

    assert power(n) > 0.78
    if n > 12:  # below, the exact test's own least number of pairs decides
        assert power(n - 3) < 0.8


@pytest.mark.parametrize(("comparisons", "least"), [(1, 6), (4, 8), (10, 9), (20, 10)])
def test_there_are_never_fewer_than_the_exact_test_needs(comparisons, least):
    assert pairs_for([0.2, 0.2, 0.2], comparisons) == least
    assert pairs_for(with_moments(0.5, 0.001), comparisons) == least


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, 0.2], [0.0, 0.0, 0.0, 0.0]])
def test_nothing_is_said_of_what_does_not_tell_how_it_varies(differences):
    assert pairs_for(differences) is None
    assert more_blocks(differences, 4) is None
    assert said(None) == ""


def test_what_nobody_would_pay_for_is_said_so():
    assert pairs_for(with_moments(1e-4, 0.1)) == MOST + 1
    assert pairs_for([-0.1, 0.1, -0.1, 0.1]) == MOST + 1
    assert said(more_blocks(with_moments(1e-4, 0.1), 12)) == "more than 1,000 more"


def test_blocks_in_which_a_side_broke_down_are_paid_for_too():
    differences = with_moments(0.04, 0.05, 8)
    whole = pairs_for(differences)
    assert whole is not None and whole > 8
    assert more_blocks(differences, 8) == whole - 8
    assert more_blocks(differences, 16) == 2 * whole - 16  # half of the pairs were sound
    assert more_blocks(with_moments(0.04, 0.01, 30), 30) == 1  # there are enough, and it is open all the same
    assert said(12) == "about 12 more"
