"""All scores of a domain, a score a line, with the better direction and the best arm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detente.report.arms import Row
from detente.report.domains import DomainPart

Spread = tuple[float, float, float]
"""Mean, lowest and highest over the seeds."""
ARROWS = {"higher": "↑", "lower": "↓"}


@dataclass(frozen=True)
class ScoreRow:
    """One score.

    Attributes:
        direction: `higher`, `lower`, `neither`, or empty where the records do not say.
        arms: of each arm, None where it has none; in their order.
        best: the number of the arm whose mean is best; None where no direction is better or no two arms differ.
        references: of each reference row.
    """

    name: str
    direction: str
    arms: Sequence[Spread | None]
    best: int | None
    references: Sequence[Spread | None]

    @property
    def arrow(self) -> str:
        return ARROWS.get(self.direction, "")


def score_rows(domain: DomainPart) -> list[ScoreRow]:
    """Every score, the primary one first."""
    known = _directions(domain)
    found: list[ScoreRow] = []
    for name in domain.score_names:
        arms = [row.score(name) for row in domain.rows]
        direction = known.get(name, "")
        best = _best(domain.rows, arms, direction)
        found.append(ScoreRow(name, direction, arms, best, [of(name) for _, of in domain.references]))
    return found


def _directions(domain: DomainPart) -> Mapping[str, str]:
    known = {name: way for outcome in domain.outcomes for name, way in outcome.directions.items()}
    return known | {domain.primary["score"]: domain.primary["direction"]}


def _best(rows: Sequence[Row], arms: Sequence[Spread | None], direction: str) -> int | None:
    means = {row.number: found[0] for row, found in zip(rows, arms, strict=True) if found}
    if direction not in ARROWS or len(set(means.values())) < 2:
        return None
    pick = max if direction == "higher" else min
    return pick(means, key=lambda number: means[number])
