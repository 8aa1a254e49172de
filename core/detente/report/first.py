"""The answer at one look: per domain the best arm, what it is worth, and what to do with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from detente.report.arms import Row
from detente.report.domains import DomainPart
from detente.report.words import decided
from detente.results.best import best_run, sampling
from detente.results.verdicts import Verdicts


@dataclass(frozen=True)
class Use:
    """A run to go on with.

    Attributes:
        folder: of the run.
        command: draws samples of it.
    """

    folder: str
    command: str


@dataclass(frozen=True)
class FirstRow:
    """One domain.

    Attributes:
        best: the arm with the highest mean; None where no run has a score.
        baseline: the scaled score of the baseline without an adversary.
        verdict: what is decided of the best arm and the reference, or how many more blocks it takes.
        use: the run to use; None where none is above the untrained generator.
    """

    domain: DomainPart
    best: Row | None
    baseline: float | None
    verdict: str
    use: Use | None


def first_rows(domains: Sequence[DomainPart], verdicts: Verdicts) -> list[FirstRow]:
    """One row per domain."""
    return [_row(domain, verdicts) for domain in domains]


def _row(domain: DomainPart, verdicts: Verdicts) -> FirstRow:
    scored = [row for row in domain.rows if row.mean is not None]
    best = max(scored, key=lambda row: row.mean or 0.0, default=None)
    return FirstRow(domain, best, domain.baseline, _verdict(best, verdicts), use_of(domain, best) if best else None)


def _verdict(best: Row | None, verdicts: Verdicts) -> str:
    if not verdicts.complete:
        return "unfinished"
    if best is None:
        return "no scores"
    if best.compared is None:
        return f"no arm has a higher mean than {verdicts.study.against.text}" if verdicts.study.others else "one arm"
    return decided(best.compared, verdicts)


def use_of(domain: DomainPart, row: Row) -> Use | None:
    """The best run of an arm, if it is above 0."""
    found = best_run(row.outcomes, domain.name)
    return None if found is None else Use(f"{found.cell.folder}", sampling(found.cell.folder))
