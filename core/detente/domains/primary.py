"""The score that carries comparisons, and how it is scaled. Without torch: results are read without it."""

import logging
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from detente.errors import UsageError, did_you_mean, tell_renamed

Direction = Literal["higher", "lower", "neither"]
"""Which scores are better. What each word means stands in `BETTER`."""


class Better(NamedTuple):
    """An end of a scale that is better than the other."""

    sign: str
    """As `--metric` and sentences write it."""
    than: Callable[[float, float], bool]
    """Whether one score is better than another."""


BETTER: Mapping[Direction, Better] = {"lower": Better("<", operator.lt), "higher": Better(">", operator.gt)}
"""The directions that have a better end."""

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

        NaN where that is unknown: a number is not finite, real data score no better than the floor, or no score is
        better than another.
        """
        if not self.spans(floor, ceiling) or not math.isfinite(value):
            return math.nan
        value, floor, ceiling = map(self._on_scale, (value, floor, ceiling))
        return min(1.0, max(0.0, (value - floor) / (ceiling - floor)))

    def spans(self, floor: float, ceiling: float) -> bool:
        """Whether there is something between the two: both are finite, and the ceiling is better."""
        if self.direction not in BETTER or not (math.isfinite(floor) and math.isfinite(ceiling)):
            return False
        return BETTER[self.direction].than(self._on_scale(ceiling), self._on_scale(floor))

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


def score_among(name: str, metrics: Mapping[str, Any]) -> tuple[str, Direction]:
    """A score by its current name, and its direction.

    Args:
        name: of the score, now or before it was renamed, or of a metric that has only one.
        metrics: the `Metric`s (or their classes) of a recipe, by name.

    Raises:
        UsageError: none of them has such a score.
    """
    scores: dict[str, Direction] = {key: way for metric in metrics.values() for key, way in metric.scores.items()}
    name = current_name(name.strip(), [metric.renamed_scores for metric in metrics.values()])
    if name in scores:
        return name, scores[name]
    if name in metrics:
        own = list(metrics[name].scores)
        if len(own) == 1:
            return own[0], scores[own[0]]
        raise UsageError(f"{name} is a metric with several scores; choose one of them: {', '.join(own)}.")
    hint = did_you_mean(name, scores) or f" Available: {', '.join(sorted(scores)) or 'none'}."
    if "<" in name or ">" in name:
        hint = " A threshold is for detente tune; name the score alone."
    raise UsageError(f"there is no score {name!r} in these recipes.{hint}")


def primary_among(name: str, usual: Iterable[Primary], metrics: Mapping[str, Any]) -> Primary:
    """The primary score that a recipe chooses.

    Args:
        name: of the score, or of a metric that has only one.
        usual: those that domain and model bring, which know how they are scaled.
        metrics: those of the recipe, by name.

    Raises:
        UsageError: there is no such score, or neither of its ends is better.
    """
    name, direction = score_among(name, metrics)
    for primary in usual:
        if name == primary.score:
            return primary
    if direction not in BETTER:
        raise UsageError(f"{name} has no better direction, so it cannot rank generators; choose another score.")
    return Primary(name, direction)
