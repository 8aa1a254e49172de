"""What a study's outcomes support: each arm against the study's reference in each domain, and over domains.

`contrasts` says when there is a verdict. A run that diverged has score 0; one that failed, or whose score was not
measured, is left out with its pair. While runs are open nothing is tested: who looks again and again and stops at a
small p finds one.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from detente.files import plain, write_atomically
from detente.results import statistics
from detente.results.cells import SETTLED, Arm
from detente.results.comparisons import Comparison, comparisons, improvement
from detente.results.interactions import Interaction, interactions
from detente.results.outcomes import Outcome
from detente.results.pairing import unpaired
from detente.results.ranges import Ranges, ranges
from detente.results.statistics import ALPHA, Interval
from detente.results.study import Study


@dataclass(frozen=True)
class Overall:
    """One arm over all domains.

    Attributes:
        iqm, interval: interquartile mean of all scaled scores, below `statistics.TRIMMED` scores the mean; the interval
            is stratified over the domains, None where one has a single seed.
        gain, gain_interval: of the paired differences from the reference, likewise; None for the reference itself.
        improvement, improvement_interval: the chance to be above one of its runs, mean over the domains, likewise.
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
        self.ended, self.runs = sum(o.ended for o in outcomes), len(outcomes)
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
        """Each arm but the study's reference in each domain."""
        against = self.study.against
        return self._compared([(d, arm, against) for d in self.study.domains for arm in self.study.others])

    @cached_property
    def pairwise(self) -> list[Comparison]:
        """Every two arms in each domain, the later one against the earlier; tested together, apart from the above."""
        return self._compared([(d, b, a) for d in self.study.domains for a, b in combinations(self.study.arms, 2)])

    def _compared(self, keys: Sequence[tuple[str, Arm, Arm]]) -> list[Comparison]:
        return comparisons(keys, self.finals, self.study.seeds, tested=self.complete)

    @cached_property
    def ranges(self) -> dict[str, Ranges]:
        """Domain → how wide each arm's range of good settings is, where settings were varied."""
        domains = self.study.domains if self.complete else []
        return {domain: found for domain in domains if (found := ranges(self.study, domain, self.finals))}

    @cached_property
    def interactions(self) -> list[Interaction]:
        """Of every two arms and the one that joins them, in each domain."""
        domains = self.study.domains if self.complete else []
        return [found for domain in domains for found in interactions(self.study, domain, self.finals)]

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
        tested = sum(c.contrast.pairs > 0 for c in self.comparisons)
        return statistics.limits(self.pairs, tested, self.study.against.text, self.study.pair_word)

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
        own = [c for c in self.comparisons if c.arm == arm and c.differences]
        if len(own) < len(self.study.domains):
            return Overall(arm, iqm, interval, rank=rank)
        gains = [list(c.differences.values()) for c in own]
        both = [[scores[i], list(self.finals(c.domain, c.against).values())] for i, c in enumerate(own)]
        return Overall(
            arm,
            iqm,
            interval,
            float(mean(gains)),
            statistics.stratified_interval(mean, [[g] for g in gains], (-1.0, 1.0)),
            float(improvement(*zip(*both, strict=True))),
            statistics.stratified_interval(improvement, both, (0.0, 1.0)),
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
            "against": self.study.against.text,
            "comparisons": [c.plain() for c in self.comparisons],
            "pairwise": [c.plain() for c in self.pairwise],
            "diverged": [rate for rate in rates if "diverged" in rate],
            "broken": [rate for rate in rates if "broken" in rate],
            "settings": [{"name": one.name, "seeds": list(one.seeds)} for one in self.study.settings],
            "ranges": [found.plain() for found in self.ranges.values()],
            "interactions": [found.plain() for found in self.interactions],
            "unpaired": unpaired(self.study),
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
