"""What a few seeds leave open: intervals that cover what they say, and none where nothing supports one.

docs/explanation/statistics.md has the simulations behind the choices.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]

LEVEL = 0.95
"""Of every interval."""
RESAMPLES = 2_000
"""Of a bootstrap; where there are no more ways to resample than that, each is taken once."""
TIE = 1e-9  # sums, of parts whose squares add up to 1, that differ by rounding are equal


class Interval(NamedTuple):
    """An estimate's range at the level `LEVEL`."""

    low: float
    high: float


def difference_interval(differences: ArrayLike, bounds: tuple[float, float] = (-1.0, 1.0)) -> Interval | None:
    """An interval for the mean of paired differences: mean ± q·s/√n.

    q is the larger of two quantiles: Student's, and that of the symmetric studentized bootstrap (Hall 1988; Efron and
    Tibshirani 1993, ch. 12), the `LEVEL` quantile of |mean* − mean|·√n/s* over resamples. Student's covers with two and
    three pairs and with ties, where there is little to resample; the bootstrap where noise is skewed.

    Args:
        differences: [n]; NaN where there is no pair.
        bounds: what a mean difference can be at most; those of scaled scores by default.

    Returns:
        None with fewer than two pairs, and where all are equal: nothing then tells by how much they vary.
    """
    d = measured(differences)
    n = len(d)
    if n < 2:
        return None
    mean, error = float(d.mean()), float(d.std(ddof=1)) / math.sqrt(n)
    if error <= TIE * max(1.0, abs(mean)):
        return None
    drawn = d[_resamples(n)]  # [B, n]
    errors = drawn.std(axis=1, ddof=1) / math.sqrt(n)
    usable = errors > TIE * error  # a resample of one value alone says nothing of the spread
    t = np.abs(drawn.mean(axis=1)[usable] - mean) / errors[usable]
    half = max(float(np.quantile(t, LEVEL)), _student(n - 1)) * error
    return Interval(max(bounds[0], mean - half), min(bounds[1], mean + half))


def stratified_interval(
    statistic: Callable[..., Array],
    strata: Sequence[Sequence[ArrayLike]],
    bounds: tuple[float, float] = (-math.inf, math.inf),
    resamples: int = RESAMPLES,
) -> Interval | None:
    """An interval of a statistic over domains, from how it varies with the seeds of each domain.

    The bootstrap gives the variance that each domain brings, n/(n − 1) corrects it for the small n, and Student's
    quantile has the degrees of freedom of Satterthwaite (1946). For a mean over domains that is the classical interval;
    a percentile bootstrap instead cannot reach beyond the lowest and the highest seed.

    Args:
        statistic: of one list per group with an array [B, n] for each domain, where rows are resamples: [B].
        strata: for each domain one array [n] per group; groups of a domain with equally many seeds are resampled
            together, as pairs.
        bounds: what the statistic can be at least and at most.
        resamples: how many.

    Returns:
        None where a domain has a single seed, and where no resample changes the statistic.
    """
    domains = [[np.asarray(group, float)[None] for group in domain] for domain in strata]
    if min(group.shape[-1] for domain in domains for group in domain) < 2:
        return None
    rng = np.random.default_rng(0)

    def of(parts: Sequence[Sequence[Array]]) -> Array:
        return statistic(*([part[k] for part in parts] for k in range(len(parts[0]))))

    total, squares = 0.0, 0.0
    for i, domain in enumerate(domains):
        picks = {n: rng.integers(0, n, (resamples, n)) for n in dict.fromkeys(group.shape[-1] for group in domain)}
        drawn = [group[0][picks[group.shape[-1]]] for group in domain]
        fixed = [[np.repeat(group, resamples, axis=0) for group in other] for other in domains]
        n = min(picks)
        variance = float(of([*fixed[:i], drawn, *fixed[i + 1 :]]).var()) * n / (n - 1)
        total, squares = total + variance, squares + variance**2 / (n - 1)
    estimate = float(of(domains)[0])
    if math.sqrt(total) <= TIE * max(1.0, abs(estimate)):
        return None
    half = _student(total**2 / squares) * math.sqrt(total)
    return Interval(max(bounds[0], estimate - half), min(bounds[1], estimate + half))


def wilson(count: int, of: int) -> Interval:
    """Wilson's interval for a rate (1927): 0 of 10 runs that diverged leave up to 28 %."""
    if of == 0:
        return Interval(0.0, 1.0)
    found = stats.binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return Interval(float(found.low), float(found.high))


def measured(values: ArrayLike) -> Array:
    """Without NaN, which is a score that was not measured: [n]"""
    found = np.asarray(values, float).reshape(-1)
    return found[~np.isnan(found)]


def _student(freedom: float) -> float:
    """Student's quantile of an interval on both sides."""
    return float(stats.t.ppf((1 + LEVEL) / 2, freedom))


@cache
def _resamples(n: int) -> NDArray[np.int64]:
    """Rows of indices, [B, n]: every way to resample where those are few."""
    if n**n <= 2 * RESAMPLES:
        return np.array(list(product(range(n), repeat=n)))
    return np.random.default_rng(0).integers(0, n, (RESAMPLES, n))
