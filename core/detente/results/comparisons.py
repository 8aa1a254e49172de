"""One arm against another, seed by seed and domain by domain."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from detente.results import statistics
from detente.results.cells import Arm
from detente.results.contrasts import Contrast, contrasts
from detente.results.statistics import Interval


@dataclass(frozen=True)
class Comparison:
    """One arm against another in one domain.

    Attributes:
        differences: scaled final score less that of the other arm, by seed; a run that broke down has 0.
        contrast: what they amount to.
        improvement: the chance that a run of the arm is above a run of the other.
    """

    domain: str
    arm: Arm
    against: Arm
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
        """1 where the arm is better than the other, −1 where it is worse, 0 where that is open."""
        return self.contrast.claimed

    def plain(self) -> dict[str, Any]:
        """As data."""
        c = self.contrast
        broken = {"own": c.broken[0], "against": c.broken[1], "of": c.pairs}
        return {
            "domain": self.domain,
            "arm": self.arm.text,
            "against": self.against.text,
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


def comparisons(
    keys: Sequence[tuple[str, Arm, Arm]],
    finals: Callable[[str, Arm], Mapping[int, float]],
    seeds: Sequence[int],
    *,
    tested: bool,
) -> list[Comparison]:
    """Several comparisons, adjusted for all of them together.

    Args:
        keys: domain, arm, and the arm that it is held against.
        finals: the scaled final scores of an arm in a domain, by seed.
        seeds: of the study.
        tested: whether there are tests at all, as in `contrasts`.
    """
    if not keys:
        return []
    own, other = (
        np.array([[finals(d, arm).get(seed, math.nan) for d, arm in sides] for seed in seeds])
        for sides in ([(d, arm) for d, arm, _ in keys], [(d, against) for d, _, against in keys])
    )  # [seeds, comparisons] each
    found: list[Comparison] = []
    for i, ((domain, arm, against), contrast) in enumerate(
        zip(keys, contrasts(own, other, tested=tested), strict=True)
    ):
        differences = own[:, i] - other[:, i]
        paired = {seed: float(d) for seed, d in zip(seeds, differences, strict=True) if not math.isnan(d)}
        sides = [[list(finals(domain, side).values())] for side in (arm, against)]
        chance = float(improvement(*sides)) if paired else None
        found.append(Comparison(domain, arm, against, paired, contrast, chance))
    return found


def improvement(own: Sequence[ArrayLike], other: Sequence[ArrayLike]) -> np.ndarray:
    """The chance to be above a run of the other side; mean over the domains, [..., n] and [..., m] each: [...]"""
    return np.mean([statistics.probability_of_improvement(a, b) for a, b in zip(own, other, strict=True)], axis=0)
