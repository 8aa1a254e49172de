"""Intervals: against scipy where it has them, never a point, and as often right as they say."""

import numpy as np
import pytest
from scipy import stats

from detente.results.intervals import difference_interval, measured, stratified_interval, wilson
from detente.results.statistics import interquartile_mean, probability_of_improvement

RNG = np.random.default_rng(40)


def pooled(parts):
    return interquartile_mean(np.concatenate(parts, axis=-1))


def mean_of_means(parts):
    return np.mean([part.mean(-1) for part in parts], axis=0)


def chance(own, other):
    return np.mean([probability_of_improvement(a, b) for a, b in zip(own, other, strict=True)], axis=0)


# --- of a mean difference ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [(0.2, 0.4), (-0.1, 0.05), (0.31, 0.3), (-0.01, -0.012), (0.0, 0.7)])
def test_two_pairs_have_students_interval(pair):
    found = difference_interval(pair)
    theirs = stats.ttest_1samp(pair, 0).confidence_interval(0.95)
    assert found == pytest.approx((max(-1, theirs.low), min(1, theirs.high)))
    assert found.low < min(pair) and max(pair) < found.high


@pytest.mark.parametrize("n", [2, 3, 4, 7, 12, 25])
def test_an_interval_is_never_narrower_than_students(n):
    for draws in (
        RNG.normal(0, 0.05, (20, n)),
        RNG.integers(-2, 4, (20, n)) / 20,
        0.1 - 0.1 * RNG.exponential(size=(20, n)),
    ):
        for d in draws:
            if np.ptp(d) == 0:
                continue
            found, theirs = difference_interval(d, (-9, 9)), stats.ttest_1samp(d, 0).confidence_interval(0.95)
            assert found is not None
            assert found.low <= theirs.low + 1e-12 and theirs.high - 1e-12 <= found.high


@pytest.mark.parametrize(
    "differences",
    [
        [],
        [0.3],
        [np.nan, 0.3, np.nan],
        [0.2, 0.2],
        [0.2] * 3,
        [0.1 + 0.2, 0.3, 0.3],
        [0.0] * 10,
        [1.0] * 8,
        [-0.7] * 30,
    ],
)
def test_where_nothing_supports_an_interval_there_is_none(differences):
    assert difference_interval(differences) is None


def test_scores_that_were_not_measured_are_not_pairs():
    for n in (2, 5, 9):
        d = RNG.normal(0.1, 0.1, n)
        assert difference_interval([np.nan, *d, np.nan]) == difference_interval(d)
    assert measured([np.nan, 1, np.nan]).tolist() == [1]


def test_an_interval_is_around_the_mean_inside_the_bounds_and_the_same_each_time():
    d = [0.1, 0.3, 0.2, 0.4]
    found = difference_interval(d)
    assert found == difference_interval(d)
    assert found.low < 0.25 < found.high
    assert difference_interval([-0.9, 0.95, 0.9]) == (-1, 1)


@pytest.mark.parametrize("seeds", [2, 3, 4, 6, 10])
@pytest.mark.parametrize("noise", ["normal", "heavy tails", "ties", "skewed against normal"])
def test_intervals_cover_what_the_docs_say(seeds, noise):
    rng = np.random.default_rng(seeds)
    shape = (400, seeds)
    draws = {
        "normal": lambda: rng.normal(0, 0.1, shape),
        "heavy tails": lambda: np.clip(rng.standard_t(3, shape) * 0.1, -1, 1),
        "ties": lambda: rng.integers(-2, 3, shape) * 0.1,
        "skewed against normal": lambda: 0.1 - 0.1 * rng.exponential(size=shape) + rng.normal(0, 0.03, shape),
    }[noise]()
    found = [interval for d in draws if (interval := difference_interval(d)) is not None]
    # 400 draws: four standard errors are .03 at .97 and .05 at .90, which the docs have for the leaning case.
    assert np.mean([i.low <= 0 <= i.high for i in found]) >= (0.85 if noise.startswith("skewed") else 0.91)


# --- over domains -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(1, 1), (1, 1, 1, 1), (5, 1), (1,)])
def test_one_seed_in_a_domain_has_no_interval_over_domains(sizes):
    parts = [RNG.uniform(0, 1, n) for n in sizes]
    assert stratified_interval(pooled, [[p] for p in parts]) is None
    assert stratified_interval(chance, [[p, p + 0.1] for p in parts]) is None


@pytest.mark.parametrize("n", [2, 3, 8])
def test_what_no_seed_changes_has_no_interval(n):
    parts = [RNG.uniform(0.2, 0.3, n), RNG.uniform(0.7, 0.8, n)]
    assert stratified_interval(chance, [[p + 0.5, p] for p in parts]) is None  # all beaten: 100 %
    differences = stratified_interval(lambda a, b: mean_of_means(a) - mean_of_means(b), [[p, p - 0.1] for p in parts])
    assert differences is None  # seeds are resampled as pairs, and all pairs differ by .1


@pytest.mark.parametrize("n", [2, 4, 9])
def test_for_a_mean_of_two_domains_it_is_welchs_interval(n):
    a, b = RNG.normal(0.4, 0.02, n), RNG.normal(0.7, 0.1, n)
    theirs = stats.ttest_ind(a, -b, equal_var=False).confidence_interval(0.95)  # of mean(a) + mean(b)
    found = stratified_interval(mean_of_means, [[a], [b]], resamples=20_000)
    # The bootstrap's variance has a relative error of √(2/20,000), its square root half of it: four of those are .02.
    assert found is not None
    assert found.high - found.low == pytest.approx((theirs.high - theirs.low) / 2, rel=0.03)
    assert (found.low + found.high) / 2 == pytest.approx((a.mean() + b.mean()) / 2)


@pytest.mark.parametrize(("domains", "seeds"), [(2, 2), (2, 4), (4, 3)])
def test_intervals_over_domains_cover(domains, seeds):
    rng = np.random.default_rng(10 * domains + seeds)
    level = np.linspace(0.4, 0.8, domains)[:, None]
    hits = []
    for _ in range(150):
        scores = level + rng.normal(0, 0.05, (domains, seeds))
        found = stratified_interval(mean_of_means, [[row] for row in scores], (0, 1), 300)
        hits.append(found.low <= 0.6 <= found.high)
    assert np.mean(hits) >= 0.88  # .95 expected; 150 studies: four standard errors are .07


def test_bounds_hold_an_interval_over_domains():
    found = stratified_interval(pooled, [[[0.9, 0.99]], [[0.8, 1.0]]], (0.0, 1.0))
    assert found is not None and found.high == 1.0


# --- rates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (0, 2), (2, 3), (3, 4), (7, 20)])
def test_the_interval_of_a_rate_is_wilsons_by_its_formula(count, of):
    z = stats.norm.ppf(0.975)
    share = count / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    assert wilson(count, of) == pytest.approx((middle - half, middle + half), abs=1e-9)


def test_of_no_run_any_rate_is_possible():
    assert wilson(0, 0) == (0, 1)
