"""The score that carries comparisons, and how it is scaled. Without torch: results are read without it."""

import logging
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from detente.errors import tell_renamed

Direction = Literal["higher", "lower", "neither"]
"""Which scores are better. What each word means stands in `BETTER`."""


class Better(NamedTuple):
    """An end of a scale that is better than the other."""

    sign: str
    """As `--metric` and sentences write it."""
    than: Callable[[float, float], bool]
    """Whether one score is better than another."""


BETTER: Mapping[str, Better] = {"lower": Better("<", operator.lt), "higher": Better(">", operator.gt)}
"""The directions that have a better end."""

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

        0 where there is nothing to scale: a number is not finite, real data score no better than the floor, or no
        score is better than another.
        """
        if self.direction not in BETTER or not all(map(math.isfinite, (value, floor, ceiling))):
            return 0.0
        if not BETTER[self.direction].than(ceiling, floor):
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
        renamed: `Metric.renamed_scores` of the metrics there are.
    """
    for names in renamed:
        if score in names:
            tell_renamed(_log, "score", score, names[score])
            return names[score]
    return score
