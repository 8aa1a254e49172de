"""One side against another: what is claimed where runs break down, and what is not."""

import numpy as np
import pytest
from scipy import stats

from detente.results.contrasts import contrasts

RNG = np.random.default_rng(7)
LEVEL = RNG.normal(0.5, 0.03, 16)


def one(own, other, **more):
    (found,) = contrasts(np.array(own, float)[:, None], np.array(other, float)[:, None], **more)
    return found


def with_zeros(scores, n):
    return np.where(np.arange(len(scores)) < n, 0.0, scores)


def test_without_a_breakdown_there_is_one_test_of_the_paired_differences():
    for n in (6, 9, 13):
        a, b = LEVEL[:n] + RNG.normal(0.05, 0.03, n), LEVEL[:n]
        found = one(a, b)
        theirs = stats.permutation_test(
            (a - b,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=False
        )
        assert found.quality.alone == found.whole.alone == pytest.approx(min(1, theirs.pvalue))
        assert found.quality == found.whole and found.breakdowns.alone is None
        assert found.mean == pytest.approx((a - b).mean())
        assert (found.pairs, len(found.sound), found.broken) == (n, n, (0, 0))


@pytest.mark.parametrize(("own", "none", "both"), [(0, 7, 0), (1, 8, 2), (6, 0, 1), (3, 3, 0)])
def test_breakdowns_are_compared_by_mcnemars_exact_test(own, none, both):
    n = 16
    a, b = np.full(n, 0.5), np.full(n, 0.5)
    a[: own + both] = 0
    b[own : own + both + none] = 0
    found = one(a, b)
    assert found.breakdowns.alone == pytest.approx(stats.binomtest(own, own + none).pvalue)
    assert found.broken == (own + both, none + both)
    assert len(found.sound) == n - own - none - both


def test_a_difference_is_of_the_seeds_on_which_neither_side_broke_down():
    own, none = with_zeros(LEVEL + 0.1, 3), with_zeros(LEVEL, 5)
    found = one(own, none)
    assert found.sound == pytest.approx([0.1] * 11)
    assert found.mean == pytest.approx(0.1)


@pytest.mark.parametrize("missing", [0, 3, 7])
def test_a_score_that_was_not_measured_takes_its_pair_along_and_is_no_breakdown(missing):
    own, none = LEVEL[:10] + 0.1 + RNG.normal(0, 0.01, 10), LEVEL[:10].copy()
    own[missing] = np.nan
    none[(missing + 1) % 10] = np.nan
    found = one(own, none)
    assert (found.pairs, found.broken) == (8, (0, 0))
    rest = ~np.isnan(own - none)
    assert found == one(own[rest], none[rest])


def test_where_the_other_side_breaks_down_and_is_better_otherwise_both_are_said_and_neither_is_called_better():
    own, none = LEVEL + RNG.normal(-0.1, 0.01, 16), with_zeros(LEVEL, 7)
    found = one(own, none)
    assert (found.better, found.steadier, found.claimed) == (-1, 1, 0)
    assert found.word == "lower scores, fewer breakdowns"
    assert one(none, own).word == "higher scores, more breakdowns"


def test_fewer_breakdowns_alone_are_claimed_as_such_where_scores_point_the_other_way():
    own, none = np.full(10, 0.45) + RNG.normal(0, 0.1, 10) * 0.01, with_zeros(LEVEL[:10], 7)
    found = one(own, none)
    assert (found.steadier, found.claimed, found.word) == (1, 0, "fewer breakdowns")


def test_parts_that_point_the_same_way_may_show_together_what_each_is_too_short_for():
    own, none = LEVEL[:10] + 0.1 + RNG.normal(0, 0.01, 10), with_zeros(LEVEL[:10], 5)
    found = one(own, none)
    assert (found.better, found.steadier) == (0, 0)
    assert (found.claimed, found.word) == (1, "better")
    assert found.whole.adjusted == pytest.approx(2 / 1024)
    assert (one(none, own).claimed, one(none, own).word) == (-1, "worse")


@pytest.mark.parametrize(("n", "broken"), [(6, 2), (8, 3), (9, 1), (12, 6)])
def test_who_is_above_with_every_seed_is_better_however_many_of_them_are_breakdowns(n, broken):
    own, none = LEVEL[:n] + 0.1 + RNG.normal(0, 0.02, n), with_zeros(LEVEL[:n], broken)
    found = one(own, none)
    assert found.whole.alone == pytest.approx(stats.binomtest(n, n).pvalue)
    assert (found.claimed, found.ahead) == (1, (n, 0))


def test_an_arm_that_always_breaks_down_is_worse_without_a_difference_or_an_interval():
    found = one(np.zeros(8), LEVEL[:8])
    assert (found.claimed, found.mean, found.interval) == (-1, None, None)
    assert found.quality.alone is None


@pytest.mark.parametrize(("n", "claimed"), [(5, 0), (6, 1), (10, 1)])
def test_equal_differences_have_no_interval_and_are_claimed_from_six_seeds_on(n, claimed):
    found = one([0.75] * n, [0.5] * n)
    assert found.interval is None
    assert found.claimed == claimed


def test_what_is_not_tested_claims_nothing_and_still_has_its_difference():
    found = one(LEVEL + 0.3 + RNG.normal(0, 0.01, 16), with_zeros(LEVEL, 8), tested=False)
    assert (found.claimed, found.better, found.steadier, found.word) == (0, 0, 0, "not tested")
    assert found.mean == pytest.approx(0.3, abs=0.02) and found.interval is not None
    empty = one([np.nan] * 6, LEVEL[:6])
    assert (empty.pairs, empty.mean, empty.whole.alone, empty.word) == (0, None, None, "not tested")


def test_a_comparison_without_a_pair_costs_the_others_nothing():
    own = np.column_stack([LEVEL + RNG.normal(0.02, 0.03, 16), np.full(16, np.nan)])
    both = contrasts(own, np.repeat(LEVEL[:, None], 2, axis=1))
    assert both[0] == one(own[:, 0], LEVEL)


@pytest.mark.parametrize("comparisons", [1, 11])
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_who_breaks_down_now_and_then_at_an_equal_mean_is_called_better_or_worse_only_for_what_it_is(
    share, comparisons
):
    """`none` has 0 in a share of its runs and otherwise scores above the arms, so that the means are equal."""
    rng = np.random.default_rng(int(100 * share) + comparisons)
    wrong = 0
    for _ in range(100):
        none = np.where(rng.random((10, 1)) < share, 0.0, rng.normal(0.6, 0.05, (10, 1)))
        arms = rng.normal(0.6 * (1 - share), 0.05, (10, comparisons))
        found = contrasts(arms, np.repeat(none, comparisons, axis=1))
        wrong += any(c.better > 0 or c.steadier < 0 or c.claimed > 0 for c in found)
        assert all(c.interval is None or c.mean is None or len(c.sound) <= 10 - c.broken[1] for c in found)
    assert wrong <= 12  # 5 expected at most; 12 are at most 1 in 200 times exceeded
