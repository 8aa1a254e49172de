"""What the statistics are worth, by simulation: `python -m bench.coverage` prints the tables of their page."""

import sys
from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats

from detente.results import statistics

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
SEEDS = (3, 4, 5, 6, 8, 10)
DOMAINS, ARMS = 4, 12


def _diverging(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    score = np.clip(rng.normal(0.7, 0.15, shape), 0, 1)
    return np.where(rng.random(shape) < 0.15, 0.0, score)


SCORES: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(0.5, 0.1, shape),
    "heavy tails (t, 2 degrees)": lambda rng, shape: np.clip(0.5 + 0.05 * rng.standard_t(2, shape), 0, 1),
    "skewed (exponential)": lambda rng, shape: np.clip(0.9 - 0.1 * rng.exponential(size=shape), 0, 1),
    "clipped at the ceiling": lambda rng, shape: np.clip(rng.normal(0.98, 0.08, shape), 0, 1),
    "15 % of runs diverge": _diverging,
}
"""Scores of one arm, [..., seeds]."""

ONE_DIVERGES = "only one of the arms diverges, 20 %"
"""A case of its own: the differences lean to one side, as far as they can."""


def coverage(name: str, draw: Draw, seeds: int, studies: int = 1000) -> dict[str, float]:
    """How often an interval of the difference of two arms covers the truth, by kind of interval.

    The second arm has all its scores lowered by a fifth, and in `ONE_DIVERGES` a fifth of its runs diverge.
    """
    rng, big = np.random.default_rng(seeds), np.random.default_rng(1)

    def other(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        scores = 0.8 * draw(rng, shape)
        return np.where(rng.random(shape) < 0.2, 0.0, scores) if name == ONE_DIVERGES else scores

    a, b = draw(rng, (studies, seeds)), other(rng, (studies, seeds))
    truth = float(draw(big, (1_000_000,)).mean() - other(big, (1_000_000,)).mean())
    found = {"percentile": 0, "studentized": 0, "t": 0}
    index = np.random.default_rng(0).integers(0, seeds, (statistics.RESAMPLES, seeds))
    for d in a - b:
        interval = statistics.difference_interval(d)
        assert interval is not None
        low, high = np.quantile(d[index].mean(axis=1), [0.025, 0.975])
        half = stats.t.ppf(0.975, seeds - 1) * d.std(ddof=1) / np.sqrt(seeds)
        found["percentile"] += low <= truth <= high
        found["studentized"] += interval.low <= truth <= interval.high
        found["t"] += abs(d.mean() - truth) <= half
    return {kind: count / studies for kind, count in found.items()}


def false_verdicts(draw: Draw, seeds: int, studies: int = 1000) -> float:
    """The share of studies of arms that do not differ in which any arm gets a verdict in any domain."""
    rng = np.random.default_rng(seeds)
    return sum(_claims(draw(rng, (DOMAINS, ARMS, seeds))).any() for _ in range(studies)) / studies


def power(seeds: int, effect: float, studies: int = 200) -> float:
    """How often an arm that is better by `effect` standard deviations of its differences gets a verdict."""
    rng = np.random.default_rng(seeds)
    found = 0.0
    for _ in range(studies):
        scores = 0.1 * rng.normal(size=(DOMAINS, ARMS, seeds))
        scores[:, 3] += effect * 0.1 * np.sqrt(2)
        found += _claims(scores).reshape(DOMAINS, ARMS - 1)[:, 2].mean()
    return found / studies


def _claims(scores: np.ndarray) -> np.ndarray:
    differences = (scores[:, 1:] - scores[:, :1]).reshape(-1, scores.shape[-1]).T
    claimed = statistics.step_down(differences) <= statistics.ALPHA
    for i in np.flatnonzero(claimed):
        interval = statistics.difference_interval(differences[:, i])
        claimed[i] = interval is not None and (interval.low > 0 or interval.high < 0)
    return claimed


def tables() -> Iterator[str]:
    """Three tables in Markdown."""
    yield "| scores | interval |" + "".join(f" {n} seeds |" for n in SEEDS)
    yield "|---|---|" + "---|" * len(SEEDS)
    for name, draw in {**SCORES, ONE_DIVERGES: SCORES["normal"]}.items():
        found = {n: coverage(name, draw, n) for n in SEEDS}
        for kind in ("studentized", "percentile", "t"):
            yield f"| {name} | {kind} |" + "".join(f" {found[n][kind]:.3f} |" for n in SEEDS)
    yield ""
    yield "| scores |" + "".join(f" {n} seeds |" for n in (5, 6, 8, 10, 12))
    yield "|---|" + "---|" * 5
    for name, draw in SCORES.items():
        yield f"| {name} |" + "".join(f" {100 * false_verdicts(draw, n):.1f} % |" for n in (5, 6, 8, 10, 12))
    yield ""
    yield "| effect |" + "".join(f" {n} seeds |" for n in (6, 8, 10, 12))
    yield "|---|" + "---|" * 4
    for effect in (1, 1.5, 2, 3, 5):
        yield f"| {effect} |" + "".join(f" {100 * power(n, effect):.0f} % |" for n in (6, 8, 10, 12))


if __name__ == "__main__":
    for line in tables():
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
