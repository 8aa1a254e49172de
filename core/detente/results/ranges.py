"""The stability range of an arm: over how many octaves of a setting it trains well.

An arm's mean score is laid out over the settings, straight lines between them. The range is the longest stretch in
octaves on which it stays above half of the best mean that any arm has at any setting. Nothing is said of settings
beyond those that were tried: an arm that is above at the first or the last of them may have a longer range.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from detente.results.cells import Arm
from detente.results.intervals import LEVEL, RESAMPLES, Array, Interval
from detente.results.settings import axis
from detente.results.study import Study

SHARE = 0.5
"""Of the best arm's best mean."""
LEAST = 3
"""Blocks of each setting for an interval: with two, it covered as little as three quarters in simulations."""


@dataclass(frozen=True)
class Range:
    """One arm's.

    Attributes:
        means: its mean score at each place, in the order of the places; a run that diverged counts as 0.
        octaves, interval: how wide it is; the interval is None where a setting has fewer than `LEAST` blocks.
        open: whether the arm is above the threshold at the lowest and at the highest setting.
        gain, gain_interval: octaves more than those of the reference; None for the reference itself.
    """

    arm: Arm
    means: tuple[float, ...]
    octaves: float
    interval: Interval | None
    open: tuple[bool, bool]
    gain: float | None = None
    gain_interval: Interval | None = None

    def plain(self) -> dict[str, Any]:
        """As data."""
        return {
            "arm": self.arm.text,
            "means": list(self.means),
            "octaves": self.octaves,
            "interval": self.interval and list(self.interval),
            "open": list(self.open),
            "gain": self.gain,
            "gain_interval": self.gain_interval and list(self.gain_interval),
        }


@dataclass(frozen=True)
class Ranges:
    """Those of a domain.

    Attributes:
        key: what is varied; `places` are its values in octaves, `names` as they were typed.
        threshold: the score above which an arm trains well.
        arms: those that have a score at every place.
    """

    domain: str
    key: str
    places: tuple[float, ...]
    names: tuple[str, ...]
    threshold: float
    arms: tuple[Range, ...]

    def plain(self) -> dict[str, Any]:
        """As data."""
        return {
            "domain": self.domain,
            "key": self.key,
            "octaves": list(self.places),
            "values": list(self.names),
            "threshold": self.threshold,
            "arms": [one.plain() for one in self.arms],
        }


def ranges(study: Study, domain: str, finals: Callable[[str, Arm], Mapping[int, float]]) -> Ranges | None:
    """The ranges of a domain's arms; None where settings cannot be laid out in octaves.

    Where several keys are varied, a place has the blocks of all settings with its value.

    Args:
        study: what is compared.
        domain: where.
        finals: the scaled final scores of an arm in a domain, by seed.
    """
    key = axis(study.settings)
    if key is None:
        return None
    blocks: dict[float, list[int]] = {}
    names: dict[float, str] = {}
    for one in study.settings:
        place = one.place(key) or 0.0
        blocks.setdefault(place, []).extend(one.seeds)
        names.setdefault(place, one.values[key])
    places = sorted(blocks)
    seeds = [blocks[place] for place in places]
    arms = [arm for arm in study.arms if all(any(s in finals(domain, arm) for s in own) for own in seeds)]
    if study.against not in arms:
        return None
    scores = [
        np.array([[finals(domain, arm).get(seed, math.nan) for seed in own] for arm in arms]) for own in seeds
    ]  # of each place [arms, blocks]
    found = [Drawn(places, scores), Drawn(places, scores, RESAMPLES)]
    base = arms.index(study.against)
    made: list[Range] = []
    for i, arm in enumerate(arms):
        own, own_drawn = (drawn.widths[:, i] for drawn in found)
        other, other_drawn = (drawn.widths[:, base] for drawn in found)
        means = tuple(map(float, found[0].means[0, i]))
        above = bool(means[0] >= found[0].threshold[0]), bool(means[-1] >= found[0].threshold[0])
        gain = float((own - other)[0])
        more = (None, None) if i == base else (gain, spread(own_drawn - other_drawn, scores))
        made.append(Range(arm, means, float(own[0]), spread(own_drawn, scores), above, *more))
    threshold = float(found[0].threshold[0])
    return Ranges(domain, key, tuple(places), tuple(names[p] for p in places), threshold, tuple(made))


def widths(places: Sequence[float], means: Array, threshold: Array) -> Array:
    """The longest stretch of each curve above its threshold, in octaves.

    Args:
        places: [S], ascending.
        means: [B, A, S].
        threshold: [B].

    Returns:
        [B, A]
    """
    over = means - threshold[:, None, None]
    longest = run = np.zeros(over.shape[:2])
    for s in range(len(places) - 1):
        a, b, length = over[..., s], over[..., s + 1], places[s + 1] - places[s]
        drop = np.where(a == b, 1.0, np.abs(a - b))
        rises, falls = (a < 0) & (b >= 0), (a >= 0) & (b < 0)
        run = np.select(
            [(a >= 0) & (b >= 0), falls, rises], [run + length, run + length * a / drop, length * b / drop], default=0.0
        )
        longest = np.maximum(longest, run)
        run = np.where(b >= 0, run, 0.0)
    return longest


class Drawn:
    """Means, thresholds and widths: the observed ones, or those of resampled blocks.

    All arms of a block are drawn together. Each mean's deviation is stretched by √(n/(n − 1)), as the spread of n
    resampled blocks is that much too small, and by the ratio of Student's quantile to the normal one, for the degrees
    of freedom of two settings: an end of a range lies between two.
    """

    def __init__(self, places: Sequence[float], scores: Sequence[Array], resamples: int = 0) -> None:
        rng = np.random.default_rng(0)
        observed = np.stack([np.nanmean(part, axis=1) for part in scores], axis=-1)[None]  # [1, A, S]
        self.means = observed
        if resamples:
            stretch = _student(scores)
            drawn: list[Array] = []
            for s, part in enumerate(scores):
                n = part.shape[1]
                picked = part[:, rng.integers(0, n, (resamples, n))]  # [A, B, n]
                there = ~np.isnan(picked)
                sums, counts = np.where(there, picked, 0.0).sum(axis=-1), there.sum(axis=-1)
                center = observed[0, :, s, None]
                mean = np.where(counts > 0, sums / np.maximum(counts, 1), center)
                drawn.append((center + (mean - center) * stretch * math.sqrt(n / max(1, n - 1))).T)
            self.means = np.clip(np.stack(drawn, axis=-1), 0.0, 1.0)  # [B, A, S]
        self.threshold = SHARE * self.means.max(axis=(1, 2))
        self.widths = widths(places, self.means, self.threshold)


def _student(scores: Sequence[Array]) -> float:
    freedom = 2 * min(part.shape[1] - 1 for part in scores)
    return float(stats.t.ppf((1 + LEVEL) / 2, max(1, freedom)) / stats.norm.ppf((1 + LEVEL) / 2))


def spread(drawn: Array, scores: Sequence[Array]) -> Interval | None:
    """The interval of what was drawn; None where a setting has too few blocks.

    Args:
        drawn: [B].
        scores: of each place [A, blocks].
    """
    if min(part.shape[1] for part in scores) < LEAST:
        return None
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
