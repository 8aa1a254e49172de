"""What may be claimed: worked by hand, against scipy, and on studies whose truth is known because it is simulated."""

import numpy as np
import pytest
from scipy import stats

from detente.results import statistics as s

RNG = np.random.default_rng(20)


def claims(scores: np.ndarray) -> np.ndarray:
    """Whether each arm but the first is claimed to differ from it: [domains, arms, seeds] → [domains · (arms − 1)]."""
    differences = (scores[:, 1:] - scores[:, :1]).reshape(-1, scores.shape[-1]).T
    claimed = s.step_down(differences) <= s.ALPHA
    for i in np.flatnonzero(claimed):
        found = s.difference_interval(differences[:, i])
        assert found is not None
        claimed[i] = found.low > 0 or found.high < 0
    return claimed


# --- worked by hand ---------------------------------------------------------------------------------------------------


def test_the_interquartile_mean_of_1_to_8_is_4_and_a_half():
    assert s.interquartile_mean(range(1, 9)) == 4.5
    assert s.interquartile_mean([[1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 0, 0, 0, 8]]).tolist() == [4.5, 0]


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_of_fewer_than_eight_scores_the_mean_is_the_mean(n):
    scores = RNG.normal(size=(3, n)) ** 3
    assert s.interquartile_mean(scores) == pytest.approx(scores.mean(axis=-1))


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1, 2, 3], 2 / 8),  # 6 and −6 of 6, 4, 2, 0, 0, −2, −4, −6
        ([1, 2, -3], 1.0),  # every sum is as far from 0 as the observed one, which is 0
        ([1, 1, 1, -1], 10 / 16),  # |sum| is 2 or more unless two and two: 16 − 6 of 16
        ([5, 4, 3, -1], 4 / 16),  # 13, 11 and their mirrors
        ([2, 2, 2, 2, 2], 2 / 32),
        ([0, 0, 0], 1.0),
        ([0.1, 0.1, 0.1, -0.1, -0.1, -0.1], 1.0),  # a sum of 0 but for rounding
        ([0.3, -0.1, -0.2], 1.0),
        ([0] * 20 + [1, 2, 3], 2 / 8),  # a difference of 0 has no sign to flip
        ([1, np.nan, 2, 3, np.nan], 2 / 8),  # what was not measured is not a pair
    ],
)
def test_p_by_enumeration(differences, p):
    assert s.sign_flip(differences) == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize("differences", [[], [np.nan], [np.nan] * 12])
def test_without_a_pair_there_is_no_p(differences):
    assert s.sign_flip(differences) is None
    table = np.column_stack([np.resize(differences or [np.nan], 8), RNG.normal(1, 0.1, 8)])
    adjusted = s.step_down(table)
    assert np.isnan(adjusted[0]) and adjusted[1] == 2 / 256
    holm = s.holm([np.nan, 0.01, np.nan, 0.04])
    assert holm[[1, 3]] == pytest.approx([0.02, 0.04]) and np.isnan(holm[[0, 2]]).all()


def test_holm_by_hand():
    assert s.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert s.holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])


def test_wilson_by_its_formula():
    assert s.wilson(0, 10) == pytest.approx((0, 1.959964**2 / (10 + 1.959964**2)), abs=1e-6)
    low, high = s.wilson(3, 10)
    assert (low, high) == pytest.approx((0.1078, 0.6032), abs=1e-4)
    assert s.wilson(0, 0) == (0, 1)


def test_the_critical_difference_is_that_of_demsars_example():
    """Demšar 2006, section 3.2.2: four classifiers on 14 data sets."""
    assert s.critical_difference(4, 14) == pytest.approx(2.569 * np.sqrt(20 / 84), abs=1e-3)
    assert s.critical_difference(4, 9) is None


def test_ranks_share_ties():
    assert s.mean_ranks([[0.9, 0.5, 0.1], [0.5, 0.5, 0.7]]) == pytest.approx([1.75, 2.25, 2.0])


# --- against scipy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(2, 9))
def test_p_is_scipys(n):
    for values in (RNG.normal(0.4, 1, n), RNG.integers(-2, 4, n).astype(float)):
        theirs = stats.permutation_test(
            (values,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=False
        )
        # scipy doubles the smaller tail, which is the two-sided p where the distribution is symmetric, as here.
        assert s.sign_flip(values) == pytest.approx(min(1.0, theirs.pvalue), abs=1e-12)


def test_the_probability_of_improvement_is_mann_and_whitneys_u():
    a, b = RNG.integers(0, 5, 7).astype(float), RNG.integers(0, 5, 9).astype(float)
    assert s.probability_of_improvement(a, b) == pytest.approx(stats.mannwhitneyu(a, b).statistic / 63)


def test_friedmans_p_is_scipys_and_needs_blocks():
    scores = RNG.normal(size=(12, 4))
    assert s.friedman(scores) == stats.friedmanchisquare(*scores.T).pvalue
    assert s.friedman(scores[:9]) is None
    assert s.friedman(np.ones((12, 4))) is None


def test_above_fourteen_pairs_drawn_flips_agree_with_all_of_them():
    values = RNG.normal(0.5, 1, 15)
    signs = np.array(np.meshgrid(*[[1, -1]] * 15)).reshape(15, -1)
    exact = np.mean(np.abs(values @ signs) >= abs(values.sum()) * (1 - 1e-9))
    assert s.sign_flip(values) == pytest.approx(exact, abs=4 * np.sqrt(exact / s.FLIPS))
    assert s.sign_flip(np.ones(30)) == s.smallest_p(30) == 1 / 10_000


@pytest.mark.parametrize("n", [11, 12, 13, 14])
def test_the_least_p_is_that_of_scipys_exact_test_and_no_p_is_below_it(n):
    theirs = stats.permutation_test(
        (np.arange(1.0, n + 1),), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    assert s.smallest_p(n) == pytest.approx(theirs.pvalue, rel=1e-9)
    assert s.sign_flip(np.arange(1.0, n + 1)) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_above_the_exact_ones_the_least_p_falls_to_that_of_the_draws_and_no_further():
    least = [s.smallest_p(n) for n in range(1, 40)]
    assert least == sorted(least, reverse=True)
    assert all(p >= 2 / 2**n for n, p in zip(range(1, 40), least, strict=True) if n > 1)


# --- many comparisons -------------------------------------------------------------------------------------------------


def test_one_comparison_is_not_adjusted_and_many_cost_something():
    d = RNG.normal(0.5, 0.6, (8, 5))
    alone = np.array([s.sign_flip(column) for column in d.T])
    for i, column in enumerate(d.T):
        assert s.step_down(column[:, None])[0] == pytest.approx(alone[i], abs=1e-12)
    together = s.step_down(d)
    assert (together >= alone - 1e-12).all()
    assert (np.argsort(together, kind="stable") == np.argsort(alone, kind="stable")).all() or len(set(together)) < 5


def test_copies_of_one_comparison_cost_nothing():
    d = RNG.normal(1, 0.5, (8, 1))
    assert s.step_down(np.repeat(d, 30, axis=1)) == pytest.approx(s.step_down(d)[0], abs=1e-12)


def test_a_missing_pair_is_left_out_and_an_arm_without_differences_is_not_claimed():
    d = RNG.normal(1, 0.2, (8, 2))
    short = np.where(np.arange(8)[:, None] < 5, d[:, :1], np.nan)
    assert s.step_down(short)[0] == s.sign_flip(short[:5, 0]) == 2 / 2**5
    same = np.column_stack([d[:, 0], np.zeros(8)])
    assert s.step_down(same)[1] == 1.0
    assert s.step_down(same)[0] == s.smallest_p(8)


def test_a_study_with_three_seeds_never_claims_anything():
    for scale in (1e-6, 1.0):
        d = 1 + scale * RNG.normal(size=(3, 44))
        assert s.step_down(d).min() >= 0.25 > s.ALPHA
        assert min(s.sign_flip(column) for column in d.T) >= 0.25
    assert "3 seeds cannot give a verdict" in s.limits(3, 1)


def noise(kind: str, studies: int, seeds: int = 10) -> np.ndarray:
    """Scaled scores of studies whose arms are alike: [studies, 4 domains, 12 arms, seeds]."""
    rng = np.random.default_rng(sum(map(ord, kind)))
    shape = (studies, 4, 12, seeds)
    level = rng.uniform(0.3, 0.9, (studies, 4, 1, 1)) + rng.normal(0, 0.05, (studies, 4, 1, seeds))
    errors = {
        "normal": lambda: rng.normal(size=shape),
        "heavy tails": lambda: rng.standard_t(2, size=shape),
        "skewed": lambda: -rng.exponential(size=shape),
        "clipped at the ceiling": lambda: rng.normal(3, 1, size=shape),
        "one run in eight diverges": lambda: rng.normal(size=shape),
    }[kind]()
    scores = np.clip(level + rng.uniform(0.02, 0.15, (studies, 4, 1, 1)) * errors, 0, 1)
    return np.where(rng.random(shape) < 1 / 8, 0, scores) if "diverges" in kind else scores


@pytest.mark.parametrize(
    "kind", ["normal", "heavy tails", "skewed", "clipped at the ceiling", "one run in eight diverges"]
)
def test_arms_that_differ_by_noise_alone_give_a_false_verdict_in_at_most_16_of_200_studies(kind):
    assert sum(claims(scores).any() for scores in noise(kind, 200)) <= 16


def test_what_helps_is_found_and_what_does_not_stays_unclaimed():
    scores = noise("normal", 40) * 0.6
    scores[:, :, 3] += 0.3
    found = np.array([claims(study).reshape(4, 11) for study in scores])
    assert found[:, :, 2].mean() > 0.9
    others = np.delete(found, 2, axis=2)
    assert others.any(axis=(1, 2)).sum() <= 5  # 2 of 40 expected; 5 are at most 1 in 30 times exceeded


# --- what the seeds cannot support ------------------------------------------------------------------------------------


def test_the_least_p_of_some_pairs_and_the_pairs_that_holm_needs():
    assert [s.smallest_p(n) for n in (1, 3, 5, 6, 10)] == [1, 0.25, 0.0625, 0.03125, 2 / 1024]
    assert s.pairs_needed(1) == 6
    assert s.pairs_needed(10) == 9
    assert s.pairs_needed(44) == 11


@pytest.mark.parametrize(
    ("pairs", "comparisons", "said"),
    [
        (1, 5, "No verdict: with one seed"),
        (5, 1, "is .0625 or more"),
        (10, 44, "would need 11 pairs"),
        (10, 3, ""),
        (0, 0, "no pairs of an arm"),
    ],
)
def test_what_the_seeds_cannot_support_is_said(pairs, comparisons, said):
    assert said in s.limits(pairs, comparisons)
    assert bool(said) == bool(s.limits(pairs, comparisons))
