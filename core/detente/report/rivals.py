"""The settings that a search ends with, side by side on new seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from detente.results.outcomes import Outcome
from detente.results.search import Rival, paired
from detente.results.statistics import ALPHA, LEVEL, Interval, difference_interval

ROLES = {"winner": "the winner", "default": "the default", "none": "no regularizer"}


@dataclass(frozen=True)
class Row:
    """One setting on the fresh seeds.

    Attributes:
        outcomes: one per fresh seed.
        scores: by the measure of the search, None where a run has none.
        winner: scores of the winner, to compare with.
        p: two-sided, that the winner does not differ, adjusted for all comparisons with it.
    """

    rival: Rival
    outcomes: Sequence[Outcome]
    scores: Sequence[float | None]
    winner: Sequence[float | None]
    p: float = 1.0

    @property
    def mean(self) -> float | None:
        found = [score for score in self.scores if score is not None]
        return fmean(found) if found else None

    @property
    def interval(self) -> Interval | None:
        """Of the mean."""
        return difference_interval([s for s in self.scores if s is not None], (0.0, 1.0))

    @property
    def ahead(self) -> list[float]:
        """By how much the winner is ahead, for each seed."""
        return paired(self.winner, self.scores)

    @property
    def lead(self) -> float | None:
        return fmean(self.ahead) if self.ahead else None

    @property
    def lead_interval(self) -> Interval | None:
        return difference_interval(self.ahead)

    @property
    def roles(self) -> str:
        return " and ".join(ROLES[role] for role in self.rival.roles)

    def count(self, status: str) -> int:
        """How many runs ended in a status."""
        return sum(outcome.status == status for outcome in self.outcomes)


def call(row: Row) -> str:
    """A setting other than the winner, in a sentence."""
    text = row.rival.arm.text
    return f"the default {text}".removesuffix(" (default)") if "default" in row.rival.roles else f"“{text}”"


def with_interval(mean: float | None, around: Interval | None) -> str:
    """A mean in a sentence."""
    if mean is None:
        return "–"
    return f"{mean:.3f}" + (f" ({around.low:.3f} to {around.high:.3f})" if around else "")


def interval_text(around: Interval | None) -> str:
    """An interval of a difference in a sentence."""
    if around is None:
        return "no interval for one pair"
    low, high = (f"{end:+.3f}".replace("-", "−") for end in around)
    return f"{LEVEL:.0%} interval {low} to {high}".replace("%", " %")


def claim(row: Row) -> str:
    """What the winner's lead over a setting is worth; as between arms, the test and the interval must both say so."""
    around = row.lead_interval
    if row.p <= ALPHA and around is not None:
        if around.low <= 0 <= around.high:
            return "not significant: the test alone is, the interval includes 0"
        return "significant improvement" if (row.lead or 0) > 0 else "significantly worse"
    return "not significant"
