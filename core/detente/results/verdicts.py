"""What a study's outcomes support: each arm against `none` in each domain, and over domains.

`contrasts` says when there is a verdict. A run that diverged has score 0; one that failed, or whose score was not
measured, is left out with its pair. While runs are open nothing is tested: who looks again and again and stops at a
small p finds one.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from detente.files import plain, write_atomically
from detente.results import statistics
from detente.results.cells import SETTLED, Arm
from detente.results.contrasts import Contrast, contrasts
from detente.results.outcomes import Outcome
from detente.results.statistics import ALPHA, Interval
from detente.results.study import Study


@dataclass(frozen=True)
class Comparison:
    """One arm against `none` in one domain.

    Attributes:
        differences: scaled final score less that of `none`, by seed; a run that broke down has 0.
        contrast: what they amount to.
        improvement: the chance that a run of the arm is above a run of `none`.
    """

    domain: str
    arm: Arm
    differences: Mapping[int, float]
    contrast: Contrast
    improvement: float | None

    @property
    def mean(self) -> float | None:
        """Of the differences on seeds on which neither run broke down."""
        return self.contrast.mean

    @property
    def interval(self) -> Interval | None:
        """Of that mean."""
        return self.contrast.interval

    @property
    def p(self) -> float | None:
        """Of the quality alone; `holm` and `adjusted` over all tests of the study. None where nothing was tested."""
        return self.contrast.quality.alone

    @property
    def holm(self) -> float | None:
        return self.contrast.quality.holm

    @property
    def adjusted(self) -> float | None:
        return self.contrast.quality.adjusted

    @property
    def claimed(self) -> int:
        """1 where the arm is better than `none`, −1 where it is worse, 0 where that is open."""
        return self.contrast.claimed

    def plain(self) -> dict[str, Any]:
        """As data."""
        c = self.contrast
        broken = {"own": c.broken[0], "none": c.broken[1], "of": c.pairs}
        return {
            "domain": self.domain,
            "arm": self.arm.text,
            "differences": dict(self.differences),
            "sound": len(c.sound),
            "mean": c.mean,
            "interval": c.interval and list(c.interval),
            "p": self.p,
            "holm": self.holm,
            "adjusted": self.adjusted,
            "broken": broken | c.breakdowns._asdict(),
            "whole": c.whole._asdict(),
            "improvement": self.improvement,
            "claimed": c.claimed,
            "verdict": c.word,
        }


@dataclass(frozen=True)
class Overall:
    """One arm over all domains.

    Attributes:
        iqm, interval: interquartile mean of all scaled scores, below `statistics.TRIMMED` scores the mean; the interval
            is stratified over the domains, None where one has a single seed.
        gain, gain_interval: of the paired differences from `none`, likewise; None for `none` itself.
        improvement, improvement_interval: the chance to be above a run of `none`, mean over the domains, likewise.
        rank: mean rank over the domains, 1 is best; only where there are enough domains.
    """

    arm: Arm
    iqm: float | None
    interval: Interval | None
    gain: float | None = None
    gain_interval: Interval | None = None
    improvement: float | None = None
    improvement_interval: Interval | None = None
    rank: float | None = None


class Verdicts:
    """Everything that is computed of a study's outcomes.

    Args:
        study: what is compared.
        outcomes: of its cells.
    """

    def __init__(self, study: Study, outcomes: Sequence[Outcome]) -> None:
        self.study = study
        self.ended, self.runs = sum(o.status in (*SETTLED, "failed") for o in outcomes), len(outcomes)
        self._finals: dict[tuple[str, Arm], dict[int, float]] = {}
        self._diverged: dict[tuple[str, Arm], list[bool]] = {}
        for outcome in outcomes:
            key = outcome.cell.domain, outcome.cell.arm
            if outcome.final is not None and not math.isnan(outcome.final):
                self._finals.setdefault(key, {})[outcome.cell.seed] = outcome.final
            if outcome.status in SETTLED:
                self._diverged.setdefault(key, []).append(outcome.status == "diverged")

    def broken(self, domain: str, arm: Arm) -> tuple[int, int, Interval]:
        """How many runs broke down, of how many that have a score, and the interval of the rate."""
        found = [score <= 0 for score in self.finals(domain, arm).values()]
        return sum(found), len(found), statistics.wilson(sum(found), len(found))

    @property
    def complete(self) -> bool:
        """Whether all runs have come to an end."""
        return self.ended == self.runs

    def finals(self, domain: str, arm: Arm) -> dict[int, float]:
        """Scaled final scores by seed."""
        return self._finals.get((domain, arm), {})

    def diverged(self, domain: str, arm: Arm) -> tuple[int, int, Interval]:
        """How many runs diverged, of how many that came to an end, and the interval of the rate."""
        found = self._diverged.get((domain, arm), [])
        return sum(found), len(found), statistics.wilson(sum(found), len(found))

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Each arm but `none` in each domain; none at all in a study without `none`."""
        none, seeds = self.study.none, self.study.seeds
        keys = [(d, arm) for d in self.study.domains for arm in self.study.arms if none and arm != none]
        if none is None or not keys:
            return []
        own, other = (
            np.array([[self.finals(d, arm).get(seed, math.nan) for d, arm in sides] for seed in seeds])
            for sides in (keys, [(d, none) for d, _ in keys])
        )  # [seeds, comparisons] each
        found: list[Comparison] = []
        for i, ((domain, arm), contrast) in enumerate(
            zip(keys, contrasts(own, other, tested=self.complete), strict=True)
        ):
            differences = own[:, i] - other[:, i]
            paired = {seed: float(d) for seed, d in zip(seeds, differences, strict=True) if not math.isnan(d)}
            sides = [list(self.finals(domain, side).values()) for side in (arm, none)]
            chance = float(_improvement(*([side] for side in sides))) if paired else None
            found.append(Comparison(domain, arm, paired, contrast, chance))
        return found

    def of(self, domain: str, arm: Arm) -> Comparison | None:
        """The comparison of an arm in a domain."""
        return next((c for c in self.comparisons if (c.domain, c.arm) == (domain, arm)), None)

    @property
    def pairs(self) -> int:
        """The most pairs that any comparison has."""
        return max((c.contrast.pairs for c in self.comparisons), default=0)

    @property
    def limits(self) -> str:
        """What the seeds cannot support, in words; empty where they limit nothing."""
        return statistics.limits(self.pairs, sum(c.contrast.pairs > 0 for c in self.comparisons))

    @cached_property
    def overall(self) -> list[Overall]:
        """Every arm over all domains, where there is more than one and all runs have come to an end."""
        if len(self.study.domains) < 2 or not self.complete:
            return []
        ranks = self._ranks()
        return [self._overall(arm, ranks.get(arm)) for arm in self.study.arms]

    def _overall(self, arm: Arm, rank: float | None) -> Overall:
        scores = [list(self.finals(d, arm).values()) for d in self.study.domains]
        if not all(scores):  # an arm that is missing in a domain cannot be held against one that is not
            return Overall(arm, None, None)
        mean = partial(_pooled, self.trimmed)
        iqm = float(mean(scores))
        interval = statistics.stratified_interval(mean, [[s] for s in scores], (0.0, 1.0))
        none = self.study.none
        own = [c for c in self.comparisons if c.arm == arm and c.differences]
        if none is None or len(own) < len(self.study.domains):
            return Overall(arm, iqm, interval, rank=rank)
        gains = [list(c.differences.values()) for c in own]
        both = [[scores[i], list(self.finals(c.domain, none).values())] for i, c in enumerate(own)]
        return Overall(
            arm,
            iqm,
            interval,
            float(mean(gains)),
            statistics.stratified_interval(mean, [[g] for g in gains], (-1.0, 1.0)),
            float(_improvement(*zip(*both, strict=True))),
            statistics.stratified_interval(_improvement, both, (0.0, 1.0)),
            rank,
        )

    @cached_property
    def trimmed(self) -> bool:
        """Whether means over domains are interquartile: every arm has the scores for it, and a gain the pairs."""
        sizes = [sum(len(self.finals(d, arm)) for d in self.study.domains) for arm in self.study.arms]
        gains = [sum(len(c.differences) for c in self.comparisons if c.arm == arm) for arm in self.study.arms]
        return all(n >= statistics.TRIMMED for n in [*sizes, *(n for n in gains if n)])

    def _ranks(self) -> dict[Arm, float]:
        table = self._means()
        if table is None or statistics.critical_difference(len(self.study.arms), len(table)) is None:
            return {}
        return dict(zip(self.study.arms, map(float, statistics.mean_ranks(table)), strict=True))

    def _means(self) -> np.ndarray | None:
        """[domains, arms], where every arm has a score in every domain."""
        cells = [[list(self.finals(d, arm).values()) for arm in self.study.arms] for d in self.study.domains]
        return np.array([[fmean(c) for c in row] for row in cells]) if all(map(all, cells)) else None

    @property
    def ranks(self) -> str:
        """What mean ranks can tell, in a sentence."""
        blocks, arms = len(self.study.domains), len(self.study.arms)
        table = self._means()
        apart = None if table is None else statistics.critical_difference(arms, blocks)
        if table is None or apart is None:
            return (
                f"Mean ranks are not compared: {blocks} domains are too few; {statistics.BLOCKS} are "
                "needed for a meaningful test."
            )
        p = statistics.friedman(table)
        text = "" if p is None else f"Friedman's test over {blocks} domains gives p = {p:.3f}; "
        return f"{text}mean ranks differ significantly if they are more than {apart:.2f} apart (Nemenyi, .05)."

    def plain(self) -> dict[str, Any]:
        """All of it as data."""
        rates = [
            {"domain": d, "arm": arm.text, kind: n, "of": of, "interval": list(interval)}
            for kind, count in (("diverged", self.diverged), ("broken", self.broken))
            for d in self.study.domains
            for arm in self.study.arms
            for n, of, interval in [count(d, arm)]
        ]
        return {
            "level": statistics.LEVEL,
            "alpha": ALPHA,
            "limits": self.limits,
            "ended": self.ended,
            "runs": self.runs,
            "comparisons": [c.plain() for c in self.comparisons],
            "diverged": [rate for rate in rates if "diverged" in rate],
            "broken": [rate for rate in rates if "broken" in rate],
            "mean": "interquartile" if self.trimmed else "plain",
            "overall": [{**asdict(o), "arm": o.arm.text} for o in self.overall],
            "ranks": self.ranks,
        }

    def write(self) -> Path:
        """Put statistics.json into the study's folder."""
        path = self.study.folder / "statistics.json"
        write_atomically(path, json.dumps(plain(self.plain()), indent=2, ensure_ascii=False) + "\n")
        return path


def _pooled(trimmed: bool, domains: Sequence[ArrayLike]) -> np.ndarray:
    """The mean of all scores of all domains together, interquartile or plain, [..., n] each: [...]"""
    scores = np.concatenate([np.asarray(part, float) for part in domains], axis=-1)
    return statistics.interquartile_mean(scores) if trimmed else scores.mean(axis=-1)


def _improvement(own: Sequence[ArrayLike], other: Sequence[ArrayLike]) -> np.ndarray:
    """Mean over the domains, [..., n] and [..., m] each: [...]"""
    return np.mean([statistics.probability_of_improvement(a, b) for a, b in zip(own, other, strict=True)], axis=0)
