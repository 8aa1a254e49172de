"""What a study's outcomes support: each arm against `none` in each domain, and over domains.

A verdict needs two things at once: an adjusted p of .05 at most, over all arms and domains of the study together, and
an interval of the difference that leaves 0 out. A diverged run counts as 0; a failed one, or one that was not
measured, is left out with its pair.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from detente.files import plain, write_atomically
from detente.results import statistics
from detente.results.cells import SETTLED, Arm
from detente.results.outcomes import Outcome
from detente.results.statistics import ALPHA, Interval
from detente.results.study import Study


@dataclass(frozen=True)
class Comparison:
    """One arm against `none` in one domain.

    Attributes:
        differences: scaled final score less that of `none`, by seed.
        mean, interval: of the differences; the interval is None with one pair.
        p: of the exact paired permutation test, on its own; `holm` over all arms and domains, `adjusted` by the joint
            step-down test, on which verdicts rest.
        improvement: the chance that a run of the arm is above a run of `none`.
    """

    domain: str
    arm: Arm
    differences: Mapping[int, float]
    mean: float | None
    interval: Interval | None
    p: float
    holm: float
    adjusted: float
    improvement: float | None

    @property
    def claimed(self) -> int:
        """1 where the arm is better than `none`, −1 where it is worse, 0 where that is open."""
        if self.adjusted > ALPHA or self.interval is None:
            return 0
        return (self.interval.low > 0) - (self.interval.high < 0)


@dataclass(frozen=True)
class Overall:
    """One arm over all domains.

    Attributes:
        iqm, interval: interquartile mean of all scaled scores, with a bootstrap stratified over the domains.
        gain, gain_interval: of the paired differences from `none`, likewise; None for `none` itself.
        improvement, improvement_interval: the chance to be above a run of `none`, mean over the domains.
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
        self._finals: dict[tuple[str, Arm], dict[int, float]] = {}
        self._diverged: dict[tuple[str, Arm], list[bool]] = {}
        for outcome in outcomes:
            key = outcome.cell.domain, outcome.cell.arm
            if outcome.final is not None:
                self._finals.setdefault(key, {})[outcome.cell.seed] = outcome.final
            if outcome.status in SETTLED:
                self._diverged.setdefault(key, []).append(outcome.status == "diverged")

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
        pairs: list[dict[int, float]] = []
        for domain, arm in keys:
            own, other = self.finals(domain, arm), self.finals(domain, none)
            pairs.append({seed: own[seed] - other[seed] for seed in seeds if seed in own and seed in other})
        table = np.array([[found.get(seed, math.nan) for found in pairs] for seed in seeds])  # [seeds, comparisons]
        alone = [statistics.sign_flip(list(found.values())) for found in pairs]
        holm, adjusted = statistics.holm(alone), statistics.step_down(table)
        return [
            Comparison(
                domain,
                arm,
                found,
                fmean(found.values()) if found else None,
                statistics.difference_interval(list(found.values())),
                alone[i],
                float(holm[i]),
                float(adjusted[i]),
                float(
                    _improvement([list(self.finals(domain, arm).values())], [list(self.finals(domain, none).values())])
                )
                if found
                else None,
            )
            for i, ((domain, arm), found) in enumerate(zip(keys, pairs, strict=True))
        ]

    def of(self, domain: str, arm: Arm) -> Comparison | None:
        """The comparison of an arm in a domain."""
        return next((c for c in self.comparisons if (c.domain, c.arm) == (domain, arm)), None)

    @property
    def pairs(self) -> int:
        """The most pairs that any comparison has."""
        return max((len(c.differences) for c in self.comparisons), default=0)

    @property
    def limits(self) -> str:
        """What the seeds cannot support, in words; empty where they limit nothing."""
        return statistics.limits(self.pairs, len(self.comparisons))

    @cached_property
    def overall(self) -> list[Overall]:
        """Every arm over all domains, where there is more than one."""
        if len(self.study.domains) < 2:
            return []
        ranks = self._ranks()
        return [self._overall(arm, ranks.get(arm)) for arm in self.study.arms]

    def _overall(self, arm: Arm, rank: float | None) -> Overall:
        scores = [list(self.finals(d, arm).values()) for d in self.study.domains]
        if not all(scores):  # an arm that is missing in a domain cannot be held against one that is not
            return Overall(arm, None, None)
        iqm = float(_iqm(scores))
        interval = statistics.stratified_interval(_iqm, [[s] for s in scores])
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
            float(_iqm(gains)),
            statistics.stratified_interval(_iqm, [[g] for g in gains]),
            float(_improvement(*zip(*both, strict=True))),
            statistics.stratified_interval(_improvement, both),
            rank,
        )

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
        comparisons = [{**asdict(c), "arm": c.arm.text, "claimed": c.claimed} for c in self.comparisons]
        rates = [
            {"domain": d, "arm": arm.text, "diverged": n, "of": of, "interval": list(interval)}
            for d in self.study.domains
            for arm in self.study.arms
            for n, of, interval in [self.diverged(d, arm)]
        ]
        return {
            "level": statistics.LEVEL,
            "alpha": ALPHA,
            "limits": self.limits,
            "comparisons": comparisons,
            "diverged": rates,
            "overall": [{**asdict(o), "arm": o.arm.text} for o in self.overall],
            "ranks": self.ranks,
        }

    def write(self) -> Path:
        """Put statistics.json into the study's folder."""
        path = self.study.folder / "statistics.json"
        write_atomically(path, json.dumps(plain(self.plain()), indent=2, ensure_ascii=False) + "\n")
        return path


def _iqm(domains: Sequence[ArrayLike]) -> np.ndarray:
    """Of all scores of all domains together, [..., n] each: [...]"""
    return statistics.interquartile_mean(np.concatenate([np.asarray(part, float) for part in domains], axis=-1))


def _improvement(own: Sequence[ArrayLike], other: Sequence[ArrayLike]) -> np.ndarray:
    """Mean over the domains, [..., n] and [..., m] each: [...]"""
    return np.mean([statistics.probability_of_improvement(a, b) for a, b in zip(own, other, strict=True)], axis=0)
