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
    """The one score of a domain that carries comparisons, scaled from floor (0) to ceiling (1).

    Attributes:
        log: whether it is scaled on a logarithm, as distances are.
        protocol: how it is measured, in words; how many samples there are is said beside it.
    """

    score: str
    direction: Direction = "lower"
    log: bool = False
    protocol: str = ""

    def scaled(self, value: float, floor: float, ceiling: float) -> float:
        """Where `value` stands between the untrained generator's score and real data's, clipped to [0, 1].

        NaN where that is unknown: a number is not finite, or real data score no better than the floor.
        """
        if not self.spans(floor, ceiling) or not math.isfinite(value):
            return math.nan
        value, floor, ceiling = map(self._on_scale, (value, floor, ceiling))
        return min(1.0, max(0.0, (value - floor) / (ceiling - floor)))

    def spans(self, floor: float, ceiling: float) -> bool:
        """Whether there is something between the two: both are finite, and the ceiling is better."""
        if not (math.isfinite(floor) and math.isfinite(ceiling)):
            return False
        apart = self._on_scale(ceiling) - self._on_scale(floor)
        return {"lower": apart < 0, "higher": apart > 0, "neither": False}[self.direction]

    def _on_scale(self, value: float) -> float:
        return math.log(max(value, 1e-12)) if self.log else value

    def scaled_row(self, scores: Mapping[str, float], references: Mapping[str, Mapping[str, float]]) -> float:
        """The score of this name among `scores`, scaled from the row `untrained` to `real`; NaN where one lacks it."""
        return self.scaled(scores.get(self.score, math.nan), *self.ends(references))

    def ends(self, references: Mapping[str, Mapping[str, float]]) -> tuple[float, float]:
        """Floor and ceiling: the score of this name in the rows `untrained` and `real`, NaN where one lacks it."""
        floor, ceiling = (references.get(row, {}).get(self.score, math.nan) for row in ("untrained", "real"))
        return floor, ceiling


def current_name(score: str, renamed: Iterable[Mapping[str, str]]) -> str:
    """What a score is called now, with a warning where it was asked for by the name that it had until the last release.

    Args:
        score: a name that somebody gave.
        renamed: `Metric.renamed` of the metrics there are.
    """
    for names in renamed:
        if score in names:
            # By the log, not as a Python warning: programmers see those, and users type the names of scores.
            _log.warning("The score %r is called %r now; its old name goes with the next release.", score, names[score])
            return names[score]
    return score
