"""What the statistics are worth, by simulation: `python -m bench.coverage [quick]` prints the tables of their page."""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import stats

from detente.results import statistics
from detente.results.contrasts import Contrast, contrasts

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Scaled scores of one arm, of a shape."""
SEEDS = (2, 3, 4, 5, 6, 8, 10, 20)
STUDIED = (6, 8, 10, 12, 20)
LARGE = 400_000  # draws of which a truth is taken
LEAST = 1e-3  # of a run that did not break down


class Case(NamedTuple):
    """What `none` and an arm draw from."""

    none: Draw
    arm: Draw


class Truth(NamedTuple):
    """Signs of what is true of an arm, 0 where there is no difference; and the mean difference of sound runs.

    Attributes:
        mean, typical: of the mean of sound differences, and of most of them.
        steadier: 1 where it breaks down less often.
        whole: of the mean of all differences.
    """

    mean: int
    typical: int
    steadier: int
    whole: int
    difference: float


def _normal(mean: float, deviation: float) -> Draw:
    return lambda rng, shape: np.clip(rng.normal(mean, deviation, shape), LEAST, 1)


def _heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.clip(0.5 + 0.05 * rng.standard_t(2, shape), LEAST, 1)


def _skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.clip(0.9 - 0.1 * rng.exponential(size=shape), LEAST, 1)


def _rounded(draw: Draw, step: float) -> Draw:
    return lambda rng, shape: np.round(draw(rng, shape) / step) * step


def _sometimes(draw: Draw, share: float, low: float = 0.0, high: float = 0.0) -> Draw:
    """Scores that are between `low` and `high` instead in a share of the runs."""
    return lambda rng, shape: np.where(rng.random(shape) < share, rng.uniform(low, high, shape), draw(rng, shape))


def _halves(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.where(rng.random(shape) < 0.5, 0.3, 0.7) + rng.normal(0, 0.03, shape)


_TINY = (0.01, 0.05)
_MEDIAN = 0.9 - 0.1 * float(np.log(2))
CASES: dict[str, Case] = {
    "normal": Case(_normal(0.5, 0.1), _normal(0.5, 0.1)),
    "heavy tails (t, 2 degrees)": Case(_heavy, _heavy),
    "skewed (exponential)": Case(_skewed, _skewed),
    "clipped at the ceiling": Case(_normal(0.98, 0.08), _normal(0.98, 0.08)),
    "ties (steps of .1)": Case(_rounded(_normal(0.5, 0.12), 0.1), _rounded(_normal(0.5, 0.12), 0.1)),
    "ties (steps of .25)": Case(_rounded(_normal(0.5, 0.15), 0.25), _rounded(_normal(0.5, 0.15), 0.25)),
    "the arm five times as noisy": Case(_normal(0.5, 0.03), _normal(0.5, 0.15)),
    "`none` five times as noisy": Case(_normal(0.5, 0.15), _normal(0.5, 0.03)),
    "`none` in two groups, equal means": Case(_halves, _normal(0.5, 0.03)),
    "`none` skewed, equal means": Case(_skewed, _normal(0.8, 0.03)),
    "the arm skewed, equal means": Case(_normal(0.8, 0.03), _skewed),
    "`none` skewed, equal medians": Case(_skewed, _normal(_MEDIAN, 0.001)),
    "the arm skewed, equal medians": Case(_normal(_MEDIAN, 0.001), _skewed),
    "both break down, 10 %": Case(_sometimes(_normal(0.6, 0.1), 0.1), _sometimes(_normal(0.6, 0.1), 0.1)),
    "`none` breaks down, 10 %": Case(_sometimes(_normal(0.6, 0.05), 0.1), _normal(0.6, 0.05)),
    "`none` breaks down, 30 %": Case(_sometimes(_normal(0.6, 0.05), 0.3), _normal(0.6, 0.05)),
    "the arm breaks down, 10 %": Case(_normal(0.6, 0.05), _sometimes(_normal(0.6, 0.05), 0.1)),
    "`none` breaks down, 10 %, equal means": Case(_sometimes(_normal(0.6, 0.05), 0.1), _normal(0.54, 0.05)),
    "`none` breaks down, 30 %, equal means": Case(_sometimes(_normal(0.6, 0.05), 0.3), _normal(0.42, 0.05)),
    "`none` nearly breaks down, 10 %, equal means": Case(
        _sometimes(_normal(0.6, 0.05), 0.1, *_TINY), _normal(0.543, 0.05)
    ),
    "`none` nearly breaks down, 30 %, equal means": Case(
        _sometimes(_normal(0.6, 0.05), 0.3, *_TINY), _normal(0.429, 0.05)
    ),
    "the arm nearly breaks down, 10 %, equal means": Case(
        _normal(0.543, 0.05), _sometimes(_normal(0.6, 0.05), 0.1, *_TINY)
    ),
}


@cache
def truth(case: Case) -> Truth:
    """What is true of the arm; differences within four standard errors of 0 are none."""
    rng = np.random.default_rng(1)
    none, arm = case.none(rng, (LARGE,)), case.arm(rng, (LARGE,))
    d = (arm - none)[(none > 0) & (arm > 0)]

    def sign(values: np.ndarray) -> int:
        error = float(values.std()) / np.sqrt(len(values))
        return 0 if abs(values.mean()) <= 4 * error else int(np.sign(values.mean()))

    typical = np.sign(np.where(np.abs(d) < 1e-9, 0, d))
    return Truth(sign(d), sign(typical), sign((none <= 0) * 1.0 - (arm <= 0)), sign(arm - none), float(d.mean()))


def coverage(case: Case, seeds: int, studies: int) -> tuple[float, float, float]:
    """How often an interval of the sound differences holds their true mean; the same of the percentile bootstrap and
    of Student's, over the studies in which there is an interval."""
    rng, mean = np.random.default_rng(seeds), truth(case).difference
    index = np.random.default_rng(0).integers(0, seeds, (500, seeds))
    found: list[tuple[bool, bool, bool]] = []
    for _ in range(studies):
        none, arm = case.none(rng, (10 * seeds,)), case.arm(rng, (10 * seeds,))
        d = (arm - none)[(none > 0) & (arm > 0)][:seeds]
        interval = statistics.difference_interval(d)
        if interval is not None:
            low, high = np.quantile(d[index].mean(axis=1), [0.025, 0.975])
            half = stats.t.ppf(0.975, seeds - 1) * d.std(ddof=1) / np.sqrt(seeds)
            found.append((interval.low <= mean <= interval.high, low <= mean <= high, abs(d.mean() - mean) <= half))
    shares = np.mean(found, axis=0)
    return float(shares[0]), float(shares[1]), float(shares[2])


class Claims(NamedTuple):
    """Shares of studies with a claim of these kinds.

    Attributes:
        false: it is not so.
        beside_the_mean: of a better or a worse arm whose mean differs otherwise.
        undivided: as one test and one interval of all differences would make it, a breakdown being a 0 like any other,
            though that mean does not differ so.
    """

    false: float
    beside_the_mean: float
    undivided: float


def claims(case: Case, seeds: int, comparisons: int, studies: int) -> Claims:
    """What studies of so many arms, all of them like the case's, claim.

    A claim of a better arm is false where neither the mean difference of sound runs nor the typical one has that sign,
    and breakdowns do not say so either; a claim of fewer breakdowns where there are not fewer.
    """
    rng, true = np.random.default_rng(100 * seeds + comparisons), truth(case)
    found: list[tuple[bool, bool, bool]] = []
    for _ in range(studies):
        none, arms = case.none(rng, (seeds, 1)), case.arm(rng, (seeds, comparisons))
        broke = bool((none <= 0).any() or (arms <= 0).any())
        if not broke and (statistics.step_down(arms - none) > statistics.ALPHA).all():
            found.append((False, False, False))
            continue
        own = contrasts(arms, np.repeat(none, comparisons, axis=1))
        beside = any(c.better and c.better != true.mean for c in own)
        undivided = _undivided(arms - none) if broke else [c.better for c in own if c.better]
        found.append((any(_false(c, true) for c in own), beside, any(sign != true.whole for sign in undivided)))
    return Claims(*map(float, np.mean(found, axis=0)))


def _false(c: Contrast, true: Truth) -> bool:
    quality = bool(c.better) and c.better not in (true.mean, true.typical)
    whole = bool(c.claimed) and not c.better and c.claimed not in (true.mean, true.typical, true.steadier)
    return quality or whole or (bool(c.steadier) and c.steadier != true.steadier)


def _undivided(differences: np.ndarray) -> list[int]:
    found: list[int] = []
    for i in np.flatnonzero(statistics.step_down(differences) <= statistics.ALPHA):
        interval = statistics.difference_interval(differences[:, i])
        if interval is not None and not interval.low <= 0 <= interval.high:
            found.append(1 if interval.low > 0 else -1)
    return found


def power(seeds: int, effect: float, comparisons: int, studies: int) -> float:
    """How often an arm that is better by `effect` standard deviations of its differences is claimed to be better, among
    others that are not."""
    rng = np.random.default_rng(seeds)
    found = 0
    for _ in range(studies):
        scores = 0.5 + 0.05 * rng.normal(size=(seeds, comparisons + 1))
        scores[:, 1] += effect * 0.05 * np.sqrt(2)
        differences = scores[:, 1:] - scores[:, :1]
        interval = statistics.difference_interval(differences[:, 0])
        significant = statistics.step_down(differences)[0] <= statistics.ALPHA
        found += significant and interval is not None and interval.low > 0
    return found / studies


def stratified(domains: int, seeds: int, studies: int) -> tuple[float, float, float]:
    """How often the intervals over domains hold the mean of an arm, its gain, and its chance to beat none."""
    rng = np.random.default_rng(seeds)
    level, gain = np.linspace(0.45, 0.75, domains)[:, None], np.linspace(-0.05, 0.15, domains)[:, None]
    chance = float(stats.norm.cdf(gain / (0.08 * np.sqrt(2))).mean())
    hits: list[list[bool]] = []

    def mean(parts: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate(parts, axis=-1).mean(axis=-1)

    def beats(own: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> np.ndarray:
        pairs = zip(own, other, strict=True)
        return np.mean([statistics.probability_of_improvement(a, b) for a, b in pairs], axis=0)

    for _ in range(studies):
        none = level + rng.normal(0, 0.08, (domains, seeds))
        arm = level + gain + rng.normal(0, 0.08, (domains, seeds))
        found = (
            (statistics.stratified_interval(mean, [[a] for a in arm], resamples=300), float((level + gain).mean())),
            (statistics.stratified_interval(mean, [[d] for d in arm - none], resamples=300), float(gain.mean())),
            (
                statistics.stratified_interval(beats, list(map(list, zip(arm, none, strict=True))), resamples=300),
                chance,
            ),
        )
        hits.append([interval is None or interval.low <= value <= interval.high for interval, value in found])
    shares = np.mean(hits, axis=0)
    return float(shares[0]), float(shares[1]), float(shares[2])


def false_claims(studies: int, cases: Sequence[str] = tuple(CASES)) -> Iterator[str]:
    """What studies of one and of eleven arms claim."""
    yield from _head("scores", "comparisons", *(f"{n} seeds" for n in STUDIED))
    for name in cases:
        for k in (1, 11):
            found = [claims(CASES[name], n, k, studies if k == 1 else studies // 2) for n in STUDIED]
            yield _row(name if k == 1 else "", str(k), *(f"{100 * c.false:.1f} %" for c in found))
            # Without breakdowns the two are the same.
            kinds = [("beside the mean", 1)] + [("one mean for all", 2)] * any(c[1] != c[2] for c in found)
            for what, kind in kinds:
                if max(c[kind] - c.false for c in found) > 0.05:
                    yield _row("", f"{k}, {what}", *(f"{100 * c[kind]:.1f} %" for c in found))


def coverages(studies: int) -> Iterator[str]:
    """How often intervals hold the mean difference."""
    yield from _head("scores", "interval", *(f"{n}" for n in SEEDS))
    for name, case in CASES.items():
        found = [coverage(case, n, studies) for n in SEEDS]
        for i, kind in enumerate(("of studies", "percentile", "Student")):
            yield _row(name if i == 0 else "", kind, *(_share(each[i]) for each in found))


def powers(studies: int) -> Iterator[str]:
    """How often what helps is found."""
    for k in (1, 44):
        yield from _head(f"effect, {k} comparison{'s' if k > 1 else ''}", *(f"{n} seeds" for n in (6, 8, 10, 12)))
        for effect in (1, 1.5, 2, 3, 5):
            yield _row(f"{effect}", *(f"{100 * power(n, effect, k, studies):.0f} %" for n in (6, 8, 10, 12)))
        yield ""


def over_domains(studies: int) -> Iterator[str]:
    """How often intervals over domains hold the truth."""
    yield from _head("domains", "seeds of each", "mean", "gain", "chance to beat none")
    for domains in (2, 4):
        for seeds in (2, 3, 5, 10):
            yield _row(f"{domains}", f"{seeds}", *map(_share, stratified(domains, seeds, studies)))


def _share(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    count = 100 if "quick" in sys.argv[1:] else 400
    for part in (false_claims(count), coverages(count), powers(count), over_domains(count)):
        for line in part:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        sys.stdout.write("\n")
