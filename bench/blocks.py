"""What blocks are worth, by simulation: `python -m bench.blocks [quick]` prints the tables of their page.

A study trains every arm at several settings, with seeds that no other setting has. The truth is known here, so false
verdicts, power and the coverage of stability ranges can be counted.
"""

import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from detente.results import statistics
from detente.results.contrasts import contrasts
from detente.results.ranges import Drawn, spread, widths

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Noise of a shape, around 0."""
ARMS, DOMAINS, SETTINGS, SEEDS = 12, 4, 3, 4
SHIFT = np.array([-0.2, 0.05, -0.1])
"""What each setting does to the scores of every arm."""
NOISE: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(0, 0.06, shape),
    "heavy tails (t, 2 degrees)": lambda rng, shape: 0.04 * rng.standard_t(2, shape),
    "skewed (exponential)": lambda rng, shape: 0.08 * (1 - rng.exponential(size=shape)),
    "ties (steps of .1)": lambda rng, shape: np.round(rng.normal(0, 0.08, shape) / 0.1) * 0.1,
    "runs break down, up to 40 % at one setting": lambda rng, shape: rng.normal(0, 0.06, shape),
}
BREAKS = np.array([0.0, 0.05, 0.4])
"""How often a run breaks down at each setting, in the last of these."""


def study(name: str, rng: np.random.Generator, comparisons: int) -> tuple[np.ndarray, np.ndarray]:
    """Scaled scores of arms, and those of `none` that they are held against: [blocks, comparisons] each.

    Arms of a domain share `none`; what a seed has in common is in both. Nothing differs between the arms.
    """
    at = np.repeat(np.arange(SETTINGS), SEEDS)  # [blocks]
    domains = max(1, comparisons // (ARMS - 1))
    own: list[np.ndarray] = []
    other: list[np.ndarray] = []
    for _ in range(domains):
        arms = comparisons // domains
        shared = rng.normal(0, 0.05, (len(at), 1))
        scores = 0.6 + SHIFT[at][:, None] + shared + NOISE[name](rng, (len(at), arms + 1))
        scores = np.clip(scores, 1e-3, 1)
        if name.startswith("runs break down"):
            scores = np.where(rng.random(scores.shape) < BREAKS[at][:, None], 0.0, scores)
        own.append(scores[:, 1:])
        other.append(np.repeat(scores[:, :1], arms, axis=1))
    return np.hstack(own), np.hstack(other)


def false_verdict(own: np.ndarray, other: np.ndarray) -> bool:
    """Whether anything is claimed of a study in which nothing differs."""
    if (own > 0).all() and (other > 0).all() and (statistics.step_down(own - other) > statistics.ALPHA).all():
        return False
    return any(c.better or c.steadier or c.claimed for c in contrasts(own, other))


def null(name: str, studies: int, comparisons: int = (ARMS - 1) * DOMAINS) -> float:
    """The share of studies with a false verdict."""
    rng = np.random.default_rng(0)
    return float(np.mean([false_verdict(*study(name, rng, comparisons)) for _ in range(studies)]))


EFFECTS: dict[str, tuple[float, ...]] = {
    "the same at all settings": (1, 1, 1),
    "twice at ×4, none at /4": (0, 1, 2),
    "at /4 and at ×4, four times": (4, 1, 4),
    "at ×4 alone, four times": (0, 0, 4),
    "better at /4 by as much as worse at ×4": (2, 0, -2),
}
"""By how many standard deviations of its differences an arm is better at /4, ×1 and ×4, in units of the effect."""


def power(shape: Sequence[float], effect: float, blocks: bool, comparisons: int, studies: int) -> float:
    """How often one arm of a study is claimed to be better.

    Args:
        shape: of the effect over the settings; without blocks all runs are at the middle one.
        effect: its unit.
        blocks: whether the runs are spread over the settings, else they are as many seeds of the recipe's own.
        comparisons: of the study; in the others nothing differs.
        studies: how many.
    """
    rng = np.random.default_rng(1)
    at = np.repeat(np.arange(SETTINGS), SEEDS) if blocks else np.ones(SETTINGS * SEEDS, int)
    found = 0
    for _ in range(studies):
        scores = 0.05 * rng.normal(size=(len(at), comparisons + 1))
        scores[:, 1] += effect * 0.05 * np.sqrt(2) * np.asarray(shape)[at]
        d = scores[:, 1:] - scores[:, :1]
        interval = statistics.difference_interval(d[:, 0], (-9.0, 9.0))
        found += bool(statistics.step_down(d)[0] <= statistics.ALPHA and interval and interval.low > 0)
    return found / studies


CURVES = np.array([[0.3, 0.35, 0.1, 0.02], [0.3, 0.38, 0.42, 0.13], [0.28, 0.36, 0.3, 0.05], [0.31, 0.4, 0.47, 0.3]])
"""Mean scores of four arms at lr=/8, /2, x2, x8, much as on digits."""
PLACES = (-3.0, -1.0, 1.0, 3.0)


def coverage(seeds: int, deviation: float, studies: int) -> tuple[float, float]:
    """How often the intervals of stability ranges, and of their differences from the first arm's, hold the truth."""
    rng = np.random.default_rng(seeds)
    true = widths(PLACES, CURVES[None], 0.5 * CURVES.max(keepdims=True)[0])[0]
    hits = np.zeros((2, len(CURVES)))
    for _ in range(studies):
        scores = [np.clip(c[:, None] + rng.normal(0, deviation, (len(CURVES), seeds)), 0, 1) for c in CURVES.T]
        drawn = Drawn(PLACES, scores, 500).widths
        for k, (values, truth) in enumerate(((drawn, true), (drawn - drawn[:, :1], true - true[0]))):
            for i in range(len(CURVES)):
                interval = spread(values[:, i], scores)
                hits[k, i] += interval is not None and interval.low - 1e-9 <= truth[i] <= interval.high + 1e-9
    return float(hits[0].mean() / studies), float(hits[1, 1:].mean() / studies)


def nulls(studies: int) -> Iterator[str]:
    """False verdicts."""
    yield from _head("noise", "44 comparisons", "1 comparison")
    for name in NOISE:
        yield _row(name, f"{100 * null(name, studies):.1f} %", f"{100 * null(name, studies, 1):.1f} %")


def powers(studies: int) -> Iterator[str]:
    """Blocks against as many seeds at the recipe's own setting."""
    for k in (1, 44):
        yield from _head(f"the arm is better, {k} comparison{'s' * (k > 1)}", "effect", "12 seeds", "3 × 4 blocks")
        for name, shape in EFFECTS.items():
            for effect in (0.5, 1, 2):
                found = [power(shape, effect, blocks, k, studies) for blocks in (False, True)]
                yield _row(name if effect == 0.5 else "", f"{effect:g}", *(f"{100 * share:.0f} %" for share in found))
        yield ""


def coverages(studies: int) -> Iterator[str]:
    """Stability ranges."""
    yield from _head("deviation of a score", "seeds of each setting", "range", "difference of two ranges")
    for deviation in (0.03, 0.08):
        for seeds in (3, 4, 6, 10):
            found = coverage(seeds, deviation, studies)
            yield _row(f"{deviation:g}", f"{seeds}", *(f"{share:.3f}".removeprefix("0") for share in found))


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print all tables."""
    quick = "quick" in sys.argv
    for table in (nulls(50 if quick else 1000), powers(40 if quick else 400), coverages(20 if quick else 200)):
        for line in table:
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
