"""Intervals of two to thirteen pairs, by another way: the t of every resample from scipy where they are few."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from detente.results.intervals import difference_interval
from detente.results.statistics import sign_flip, smallest_p

RNG = np.random.default_rng(202)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("kind", ["normal", "skewed", "ties"])
def test_of_few_pairs_it_is_the_wider_of_students_and_the_enumerated_bootstraps(n, kind):
    d = {"normal": RNG.normal(0.1, 0.2, n), "skewed": -RNG.exponential(0.1, n), "ties": np.arange(n) // 2 / 10 + 0.0}[
        kind
    ]
    if np.ptp(d) == 0:
        d = d + np.arange(n) / 7
    ts = []
    for rows in product(range(n), repeat=n):
        drawn = d[list(rows)]
        if np.ptp(drawn) > 1e-12:
            ts.append(abs(stats.ttest_1samp(drawn, d.mean()).statistic))
    half = max(np.quantile(ts, 0.95), stats.t.ppf(0.975, n - 1)) * stats.sem(d)
    assert difference_interval(d, (-99, 99)) == pytest.approx((d.mean() - half, d.mean() + half))


@pytest.mark.parametrize("n", range(2, 14))
def test_it_is_never_a_point_nor_narrower_than_scipys(n):
    for d in (RNG.normal(0, 0.05, n), RNG.choice([0, 0.1], n) + RNG.normal(0, 1e-4, n), RNG.standard_t(2, n) / 50):
        found, theirs = difference_interval(d, (-99, 99)), stats.ttest_1samp(d, 0).confidence_interval(0.95)
        assert found.low <= theirs.low + 1e-12 < theirs.high - 1e-12 <= found.high


@pytest.mark.parametrize("n", range(1, 13))
def test_the_least_p_is_that_of_all_flips_by_hand(n):
    d = RNG.uniform(0.1, 1, n)
    signs = np.array(list(product((1, -1), repeat=n)))
    by_hand = (np.abs(signs @ d) >= d.sum() - 1e-9).mean()
    assert sign_flip(d) == pytest.approx(by_hand) and smallest_p(n) == pytest.approx(by_hand)
