"""Statistics of few seeds: intervals, exact tests, and what they cannot support.

Pure functions on arrays. Scores are scaled ones (0 is the floor, 1 the ceiling); differences are paired by seed, so
what both arms of a pair share (data order, latents, initial weights) cancels. Every random draw comes from a fixed
seed: one set of scores gives one set of numbers. docs/explanation/statistics.md has the simulations behind the choices.
"""

import math
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from detente.results.intervals import (
    LEVEL,
    TIE,
    Array,
    Interval,
    difference_interval,
    measured,
    stratified_interval,
    wilson,
)

__all__ = ["LEVEL", "Array", "Interval", "difference_interval", "measured", "stratified_interval", "wilson"]

ALPHA = 0.05
"""A claim is made at an adjusted p of this at most."""
EXACT = 14
"""Up to so many pairs all flips of signs are enumerated: 8,192, fewer than `FLIPS`, which are drawn above."""
FLIPS = 9_999
_AT_ONCE = 8_000_000  # flips × comparisons, for the memory that they take
TRIMMED = 8
"""From so many scores on the lowest and the highest quarter are left out of a mean: of fewer, each one matters."""
BLOCKS = 10
"""So many blocks a comparison of mean ranks needs: below, the chi-square of Friedman's test is a poor guess."""


# --- one arm against another ------------------------------------------------------------------------------------------


def sign_flip(differences: ArrayLike) -> float | None:
    """The two-sided p of the paired permutation test: how often flipped signs give a sum as far from 0.

    If two arms do not differ, each difference might as well have the other sign. With up to `EXACT` pairs all 2ⁿ flips
    are enumerated; above, `FLIPS` are drawn and the observed one is counted among them (Phipson and Smyth 2010).

    Args:
        differences: [n]; NaN where there is no pair.

    Returns:
        None without a pair.
    """
    d = measured(differences)
    varied = d[d != 0]  # a sign of 0 changes nothing, so the fewer others can be enumerated
    return float(step_down(varied[:, None])[0]) if len(varied) else 1.0 if len(d) else None


def step_down(differences: ArrayLike) -> Array:
    """Adjusted p of many paired comparisons at once: Westfall and Young's step-down max-T over flips of signs.

    What Holm does for tests of which nothing is known, with the dependence that is known: a seed's signs are flipped in
    all comparisons together, and each comparison's |Σd|/√Σd² is held against the largest one among those not above it.
    So arms that share a reference cost less than Holm's full factor, and six pairs may do where Holm needs eleven. The
    probability of any false claim is at most `ALPHA` where the differences of a seed are jointly symmetric about 0
    (Westfall and Young 1993, algorithm 2.8; Romano and Wolf 2005).

    Args:
        differences: [pairs, comparisons]; NaN where a comparison lacks a pair.

    Returns:
        [comparisons], as they came, NaN without a pair; with one comparison it is `sign_flip`.
    """
    given = np.asarray(differences, float)
    d = np.nan_to_num(given, nan=0.0)
    scale = np.sqrt((d**2).sum(axis=0))
    unit = d / np.where(scale > 0, scale, 1.0)
    signs, exact = _signs(len(d))
    observed = np.abs(unit.sum(axis=0))  # [C]
    order = np.argsort(observed, kind="stable")  # the weakest first
    above = np.zeros(d.shape[1], np.int64)
    for part in np.array_split(signs, 1 + signs.shape[0] * d.shape[1] // _AT_ONCE):
        flipped = np.abs(part @ unit)  # [S, C]
        largest = np.maximum.accumulate(flipped[:, order], axis=1)
        above += (largest >= observed[order] - TIE).sum(axis=0)
    p = above / len(signs) if exact else (above + 1) / (len(signs) + 1)
    adjusted = np.maximum.accumulate(p[::-1])[::-1]
    out = np.empty_like(adjusted)
    out[order] = adjusted
    return np.where(np.isnan(given).all(axis=0), np.nan, out)


def holm(p: ArrayLike) -> Array:
    """Adjusted p by Holm (1979): the smallest times the number of comparisons, and so on down.

    Args:
        p: [comparisons]; NaN where nothing was tested, which stays NaN and costs nothing.
    """
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")[: np.isfinite(values).sum()]
    factors = np.arange(len(order), 0, -1)
    out = np.full_like(values, np.nan)
    out[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * factors))
    return out


def probability_of_improvement(scores: ArrayLike, reference: ArrayLike) -> Array:
    """The chance that a run of one arm is above a run of the other, ties as halves: Mann and Whitney's U/(nm).

    Args:
        scores: [..., n].
        reference: [..., m].

    Returns:
        [...]
    """
    a, b = np.asarray(scores, float), np.asarray(reference, float)
    return (np.sign(a[..., :, None] - b[..., None, :]).mean(axis=(-2, -1)) + 1) / 2


# --- over domains -----------------------------------------------------------------------------------------------------


def interquartile_mean(scores: ArrayLike) -> Array:
    """The mean without the lowest and the highest quarter (Agarwal et al. 2021): of 1, 2, …, 8 it is 4.5.

    Of fewer than `TRIMMED` scores it is the mean.

    Args:
        scores: [..., n].

    Returns:
        [...]
    """
    values = np.asarray(scores, float)
    return np.asarray(stats.trim_mean(values, 0.25 if values.shape[-1] >= TRIMMED else 0.0, axis=-1))


def mean_ranks(scores: ArrayLike) -> Array:
    """Each arm's mean rank, 1 for the highest score of a block, ties shared.

    Args:
        scores: [blocks, arms].
    """
    return stats.rankdata(-np.asarray(scores, float), axis=1).mean(axis=0)


def friedman(scores: ArrayLike) -> float | None:
    """p of Friedman's test that all arms rank alike; None with fewer than `BLOCKS` blocks or three arms.

    Args:
        scores: [blocks, arms].
    """
    values = np.asarray(scores, float)
    if len(values) < BLOCKS or values.shape[1] < 3 or (values == values[:, :1]).all():
        return None
    return float(stats.friedmanchisquare(*values.T).pvalue)


def critical_difference(arms: int, blocks: int) -> float | None:
    """By how much mean ranks must differ to be told apart (Nemenyi; Demšar 2006, eq. 6); None with too few blocks."""
    if blocks < BLOCKS or arms < 2:
        return None
    q = float(stats.studentized_range.ppf(1 - ALPHA, arms, np.inf)) / math.sqrt(2)
    return q * math.sqrt(arms * (arms + 1) / (6 * blocks))


# --- what the seeds cannot support ------------------------------------------------------------------------------------


def smallest_p(pairs: int) -> float:
    """The least p that `sign_flip` can give: 2/2ⁿ by enumeration, and not below 1/(`FLIPS` + 1) by draws."""
    return min(1.0, 2.0 / 2**pairs) if pairs <= EXACT else 1 / (FLIPS + 1)


def pairs_needed(comparisons: int) -> int:
    """From how many pairs on Holm can claim anything among so many comparisons."""
    return next(n for n in range(1, 64) if 2.0 / 2**n * max(1, comparisons) <= ALPHA)


def limits(pairs: int, comparisons: int, against: str = "none", word: str = "seed") -> str:
    """In one or two sentences, what this number of seeds cannot support; empty if there is no limit.

    Args:
        pairs: of seeds, the most that any comparison has.
        comparisons: how many there are.
        against: the name of the arm that others are compared with.
        word: what runs are paired by, `seed` or `block`.
    """
    if pairs < 1 or comparisons < 1:
        return f"There are no pairs of an arm and “{against}” to test."
    least = f"{smallest_p(pairs):.4f}".rstrip("0").lstrip("0")
    if pairs == 1:
        return f"No verdict: with one {word}, a better arm cannot be distinguished from a lucky one."
    if smallest_p(pairs) > ALPHA:
        return (
            f"{pairs} {word}s cannot give a verdict: for any difference, the two-sided p of {pairs} pairs "
            f"is {least} or more, and a verdict needs .05. Use at least six {word}s, better ten."
        )
    if smallest_p(pairs) * comparisons > ALPHA:
        return (
            f"The p of {pairs} pairs is at least {least}. Holm's correction for {comparisons} comparisons would "
            f"need {pairs_needed(comparisons)} pairs; verdicts use the joint test, which {pairs} pairs can pass "
            "only if differences are large compared to their noise."
        )
    return ""


# --- parts ------------------------------------------------------------------------------------------------------------


@cache
def _signs(n: int) -> tuple[Array, bool]:
    """Rows of signs, [S, n], and whether they are all there are: those with the first sign kept, by symmetry."""
    if n == 0:
        return np.ones((1, 0)), True
    if n <= EXACT:
        return np.array([(1.0, *rest) for rest in product((1.0, -1.0), repeat=n - 1)]), True
    return np.random.default_rng(0).choice((-1.0, 1.0), (FLIPS, n)), False
