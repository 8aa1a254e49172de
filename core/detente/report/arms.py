"""An arm in one domain of a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from detente.report.summaries import mean_of, range_of
from detente.results.cells import SETTLED, Arm
from detente.results.comparisons import Comparison
from detente.results.outcomes import Outcome


def key(index: int) -> str:
    """The letter of an arm: A, B, …, Z, A2, …"""
    return chr(ord("A") + index % 26) + (str(index // 26 + 1) if index >= 26 else "")


def heat(scaled: float | None) -> str:
    """The class of a cell of the overview."""
    return "empty" if scaled is None else f"h{round(10 * min(1.0, max(0.0, scaled)))}"


@dataclass(frozen=True)
class Row:
    """One arm in one domain, over the seeds.

    Attributes:
        outcomes: one per seed, in the order of the seeds.
        partners: those of the reference.
        style: number of its colour; 0 is that of the reference.
        compared: the comparison with the reference; None for the reference itself.
        broken: how many runs broke down, of how many, and the interval of the rate.
    """

    arm: Arm
    key: str
    style: int
    outcomes: Sequence[Outcome]
    partners: Sequence[Outcome]
    compared: Comparison | None
    broken: tuple[int, int, tuple[float, float]]

    @property
    def finals(self) -> list[float]:
        """Scaled scores of the seeds that have one."""
        return [outcome.final for outcome in self.outcomes if outcome.final is not None]

    @property
    def mean(self) -> float | None:
        return mean_of(self.finals)

    @property
    def best(self) -> float | None:
        """Mean of the best scaled scores; a run that diverged before its first evaluation has 0."""
        return mean_of(outcome.best or 0.0 for outcome in self.outcomes if outcome.final is not None)

    @property
    def differences(self) -> list[float | None]:
        """The scaled score less that of the reference, for each seed that has both."""
        pairs = zip(self.outcomes, self.partners, strict=False)
        return [a.final - b.final if a.final is not None and b.final is not None else None for a, b in pairs]

    def count(self, status: str) -> int:
        """How many seeds ended in a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def unscored(self) -> int:
        """How many seeds finished without a scaled score."""
        return sum(outcome.unscored for outcome in self.outcomes)

    @property
    def heat(self) -> str:
        """The class of a cell of the overview."""
        return heat(self.mean)

    def score(self, name: str) -> tuple[float, float, float] | None:
        """Mean, lowest and highest of a raw score."""
        return range_of(outcome.scores[name] for outcome in self.outcomes if name in outcome.scores)

    # cost

    @property
    def step_seconds(self) -> float | None:
        """Processor time of a step, median over the seeds."""
        found = [outcome.step_seconds for outcome in self.outcomes if outcome.step_seconds is not None]
        return median(found) if found else None

    @property
    def cost(self) -> float | None:
        """Processor time of a step, relative to the reference: the median over the seeds that have both."""
        pairs = zip(self.outcomes, self.partners, strict=False)
        found = [a.step_seconds / b.step_seconds for a, b in pairs if a.step_seconds and b.step_seconds]
        return median(found) if found else None

    # stability

    @property
    def kept(self) -> float | None:
        """Final over best."""
        return mean_of(o.stability.kept for o in self.outcomes if o.stability.kept is not None)

    @property
    def settled(self) -> list[Outcome]:
        """Runs that have come to their end: what they did not do until then they did not do."""
        return [o for o in self.outcomes if o.status in SETTLED]

    @property
    def collapses(self) -> list[int]:
        """The steps at which runs that have come to their end collapsed or diverged."""
        return sorted(o.stability.collapsed for o in self.settled if o.stability.collapsed is not None)

    @property
    def spikes(self) -> float | None:
        return mean_of(o.stability.spikes for o in self.outcomes if o.stability.spikes is not None)

    @property
    def saturated(self) -> float | None:
        return mean_of(o.stability.saturated for o in self.outcomes if o.stability.saturated is not None)

    @property
    def slope(self) -> float | None:
        """Product of the spectral norms of D's layers at the last evaluation."""
        return mean_of(o.stability.slope[-1][1] for o in self.outcomes if o.stability.slope)
