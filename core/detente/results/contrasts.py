"""One side against another, seed by seed: how often each breaks down, and how they score where neither does.

A run **breaks down** if it diverges or ends no better than an untrained generator: its scaled score is 0. One that
breaks down now and then and is better otherwise may have the other side's mean, and with few seeds the mean alone would
call it better or worse by how many breakdowns these seeds happened to bring. So three things are tested together:

- **quality**: scores on the seeds on which neither broke down, which the mean and its interval are of;
- **breakdowns**: which of the two broke down on the seeds on which one did (McNemar's exact test);
- the **whole**: with how many of all seeds it is above, a breakdown being a score of 0 (the sign test). It may show
  what the parts are too short of seeds for, where both point the same way.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from detente.results import statistics
from detente.results.statistics import ALPHA, Array, Interval


class P(NamedTuple):
    """Of one test; None where there is nothing to test.

    Attributes:
        alone: of the exact paired permutation test.
        holm: adjusted by Holm for all tests of the study.
        adjusted: by the joint step-down test, on which claims rest.
    """

    alone: float | None = None
    holm: float | None = None
    adjusted: float | None = None

    @property
    def significant(self) -> bool:
        return self.adjusted is not None and self.adjusted <= ALPHA


NOT_TESTED = P()


@dataclass(frozen=True)
class Contrast:
    """Scores of one side less those of another, paired by seed.

    Attributes:
        pairs: seeds on which both have a score.
        sound: [those on which neither broke down], the differences.
        broken: how many runs of each side broke down, of the pairs.
        ahead: with how many pairs each side is above the other.
        mean, interval: of the sound differences; None where they support none.
        quality, breakdowns, whole: the tests.
    """

    pairs: int
    sound: tuple[float, ...]
    broken: tuple[int, int]
    ahead: tuple[int, int]
    mean: float | None
    interval: Interval | None
    quality: P = NOT_TESTED
    breakdowns: P = NOT_TESTED
    whole: P = NOT_TESTED

    @property
    def better(self) -> int:
        """1 where it scores higher where neither breaks down, −1 where lower, 0 where that is open."""
        if not self.quality.significant or self.mean is None:
            return 0
        if self.interval is not None and self.interval.low <= 0 <= self.interval.high:
            return 0
        return _sign(self.mean)

    @property
    def steadier(self) -> int:
        """1 where it breaks down less often, −1 where more often, 0 where that is open."""
        return _sign(self.broken[1] - self.broken[0]) if self.breakdowns.significant else 0

    @property
    def claimed(self) -> int:
        """1 where it is better, −1 where it is worse, 0 where that is open or the parts contradict each other."""
        fewer = _sign(self.broken[1] - self.broken[0])
        if self.better:
            return self.better if self.steadier != -self.better else 0
        agree = fewer == _sign(self.ahead[0] - self.ahead[1]) and (self.mean is None or _sign(self.mean) in (0, fewer))
        return fewer if agree and self.whole.significant else 0

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        if not self.claimed and self.better:
            return "higher scores, more breakdowns" if self.better > 0 else "lower scores, fewer breakdowns"
        if self.claimed or self.steadier:
            words = ("better", "worse") if self.claimed else ("fewer breakdowns", "more breakdowns")
            return words[(self.claimed or self.steadier) < 0]
        return "not tested" if self.whole.adjusted is None else "undecided"


def contrasts(own: ArrayLike, other: ArrayLike, *, tested: bool = True) -> list[Contrast]:
    """Several sides, each against another, over the same seeds and adjusted for all tests together.

    Args:
        own: [seeds, comparisons] scaled scores from 0 to 1; NaN where there is none.
        other: the same of what they are held against.
        tested: whether there are tests at all: scores of an unfinished study are looked at again later.
    """
    a, b = np.asarray(own, float), np.asarray(other, float)
    there = ~np.isnan(a - b)
    broke = there & (a <= 0), there & (b <= 0)
    quality = np.where(there & ~broke[0] & ~broke[1], a - b, np.nan)
    breakdowns = np.where(there, broke[1] * 1.0 - broke[0], np.nan)
    whole = np.where(there, np.sign(a - b), np.nan)
    found: list[Contrast] = []
    for i, ps in enumerate(_tests(quality, breakdowns, whole) if tested else [[NOT_TESTED] * 3] * a.shape[1]):
        sound = statistics.measured(quality[:, i])
        counts = int(broke[0][:, i].sum()), int(broke[1][:, i].sum())
        ahead = int((whole[:, i] > 0).sum()), int((whole[:, i] < 0).sum())
        mean = float(sound.mean()) if len(sound) else None
        interval = statistics.difference_interval(sound)
        found.append(Contrast(int(there[:, i].sum()), tuple(map(float, sound)), counts, ahead, mean, interval, *ps))
    return found


def _tests(quality: Array, breakdowns: Array, whole: Array) -> list[list[P]]:
    """[comparisons][quality, breakdowns, whole], from the differences of each, [seeds, comparisons].

    Where neither side ever broke down, the whole is the quality and there is one test instead of three.
    """
    size = quality.shape[1]
    parts = np.flatnonzero((np.isnan(quality) & ~np.isnan(whole)).any(axis=0))
    table = np.hstack([quality, breakdowns[:, parts], whole[:, parts]])
    alone = [statistics.sign_flip(column) for column in table.T]
    holm = statistics.holm([math.nan if p is None else p for p in alone])
    ps = [P(p, _known(h), _known(q)) for p, h, q in zip(alone, holm, statistics.step_down(table), strict=True)]
    found = [[p, NOT_TESTED, p] for p in ps[:size]]
    for k, i in enumerate(parts):
        found[i][1:] = ps[size + k], ps[size + len(parts) + k]
    return found


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _known(p: float) -> float | None:
    return None if math.isnan(p) else float(p)
