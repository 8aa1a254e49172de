"""The score that carries comparisons, and how it is scaled. Without torch: results are read without it."""

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower", "neither"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Primary:
    """The one score of a domain that carries comparisons, scaled from floor (0) to ceiling (1)."""

    score: str
    direction: Direction = "lower"
    log: bool = False
    """Whether it is scaled on a logarithm, as distances are."""
    protocol: str = ""

    def scaled(self, value: float, floor: float, ceiling: float) -> float:
        """Where `value` stands between the untrained generator's score and real data's, clipped to [0, 1].

        0 where there is nothing to scale: a number is not finite, or real data score no better than the floor.
        """
        better = ceiling < floor if self.direction == "lower" else ceiling > floor
        if not better or not all(map(math.isfinite, (value, floor, ceiling))):
            return 0.0
        if self.log:
            value, floor, ceiling = (math.log(max(v, 1e-12)) for v in (value, floor, ceiling))
        share = (value - floor) / (ceiling - floor) if floor != ceiling else 0.0  # both below 1e-12 on a logarithm
        return min(1.0, max(0.0, share))

    def scaled_row(self, scores: Mapping[str, float], references: Mapping[str, Mapping[str, float]]) -> float:
        """The score of this name among `scores`, scaled from the row `untrained` to `real`; 0 where one lacks it."""
        value, floor, ceiling = (
            row.get(self.score, math.nan)
            for row in (scores, references.get("untrained", {}), references.get("real", {}))
        )
        return self.scaled(value, floor=floor, ceiling=ceiling)


def current_name(score: str, renamed: Iterable[Mapping[str, str]]) -> str:
    """The current name of a score, with a warning if the old name was used.

    Args:
        score: the name that was used.
        renamed: `Metric.renamed` of the metrics there are.
    """
    for names in renamed:
        if score in names:
            # By the log, not as a Python warning: programmers see those, and users type the names of scores.
            _log.warning("The score %r is called %r now; its old name goes with the next release.", score, names[score])
            return names[score]
    return score
