"""The settings that a search ends with, side by side on new seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from detente.report.page import p_value
from detente.results.contrasts import Contrast
from detente.results.outcomes import Outcome
from detente.results.search import Rival
from detente.results.statistics import LEVEL, Interval, difference_interval

ROLES = {"winner": "the winner", "default": "the default", "none": "no regularizer"}


@dataclass(frozen=True)
class Row:
    """One setting on the fresh seeds.

    Attributes:
        outcomes: one per fresh seed.
        scores: by the measure of the search, None where a run has none.
        against: the winner's scores held against these; None for the winner itself.
    """

    rival: Rival
    outcomes: Sequence[Outcome]
    scores: Sequence[float | None]
    against: Contrast | None = None

    @property
    def measured(self) -> list[float]:
        """Scores of the runs that have one."""
        return [score for score in self.scores if score is not None and not math.isnan(score)]

    @property
    def mean(self) -> float | None:
        return fmean(self.measured) if self.measured else None

    @property
    def interval(self) -> Interval | None:
        """Of the mean."""
        return difference_interval(self.measured, (0.0, 1.0))

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


def interval_text(around: Interval | None, pairs: int) -> str:
    """An interval of a difference in a sentence."""
    if around is None:
        return "no interval for one pair" if pairs < 2 else "no interval, as all differences are the same"
    low, high = (f"{end:+.3f}".replace("-", "−") for end in around)
    return f"{LEVEL:.0%} interval {low} to {high}".replace("%", " %")


def lead(row: Row) -> str:
    """By how much the winner is ahead of a setting, and what that is worth."""
    c = row.against
    if c is None or not c.pairs:
        return ""
    parts: list[str] = []
    n = len(c.sound)
    if c.mean is not None:
        what = "ahead of" if c.mean >= 0 else "behind"
        where = "" if n == c.pairs else f" on the {n} of {c.pairs} seeds on which neither broke down"
        parts.append(
            f"The winner is {abs(c.mean):.3f} {what} {call(row)}{where}, and ahead with {sum(d > 0 for d in c.sound)} "
            f"of {n} seeds; {interval_text(c.interval, n)}, p {p_value(c.quality.adjusted)}"
        )
    if c.broken != (0, 0):
        own, other = c.broken
        parts += [
            f"{'it' if parts else 'The winner'} broke down (diverged or scored 0) with {own} of {c.pairs} seeds, "
            f"{call(row)} with {other}, p {p_value(c.breakdowns.adjusted)}",
            f"with such runs as 0 it is ahead with {c.ahead[0]} of {c.pairs}, p {p_value(c.whole.adjusted)}",
        ]
    return f"{'; '.join(parts)}: {claim(c)}."


def claim(c: Contrast) -> str:
    """What the winner's lead is worth; as between arms, the test and the interval must both say so."""
    if c.claimed:
        return "significant improvement" if c.claimed > 0 else "significantly worse"
    if c.better or c.steadier:
        return f"significantly {c.word}"
    if c.whole.adjusted is None:
        return "not tested before all runs on fresh seeds have ended"
    if c.quality.significant:
        return "not significant: the test alone is, the interval includes 0"
    return "not significant"
