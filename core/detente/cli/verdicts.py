"""What a study found, on a terminal: quality and breakdowns of each arm, its stability range, interactions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from detente.cli.display import table
from detente.report.page import p_value, signed

if TYPE_CHECKING:
    from detente.results.comparisons import Comparison
    from detente.results.intervals import Interval
    from detente.results.outcomes import Outcome
    from detente.results.verdicts import Verdicts


def verdict_rows(verdicts: "Verdicts", outcomes: Sequence["Outcome"]) -> list[tuple[str, ...]]:
    """The table of a study's arms, its head first.

    Beside the mean over all runs it has the difference of runs that did not break down, how many did, and what of the
    two is significant.
    """
    study = verdicts.study
    rows = [("domain", "arm", "scaled", "runs", "diverged", "broke down", "Δ", "verdict")]
    for domain in study.domains:
        for arm in study.arms:
            own = [o for o in outcomes if o.cell.domain == domain and o.cell.arm == arm]
            finals = [o.final for o in own if o.final is not None]
            mean = f"{sum(finals) / len(finals):.3f}" if finals else "–"
            diverged = sum(o.status == "diverged" for o in own)
            broke, of, _ = verdicts.broken(domain, arm)
            found = verdicts.of(domain, arm)
            delta = "" if found is None or found.mean is None else signed(found.mean)
            word = "" if found is None else _word(found)
            broken = f"{broke} of {of}" if of else "–"
            rows.append((domain, arm.text, mean, str(len(own)), str(diverged), broken, delta, word))
    return rows


def range_lines(verdicts: "Verdicts") -> list[str]:
    """Score against setting with the stability ranges, a table for each domain; and the interactions."""
    parts: list[str] = []
    for found in verdicts.ranges.values():
        rows = [("arm", *(f"{found.key}={name}" for name in found.names), "octaves", ".95 interval")]
        for one in found.arms:
            more = "≥ " if any(one.open) else ""
            width = f"{more}{one.octaves:.1f}"
            rows.append((one.arm.text, *(f"{mean:.3f}" for mean in one.means), width, _between(one.interval)))
        head = f"{found.domain}: scaled score by {found.key}; octaves over which it stays above {found.threshold:.2f}"
        parts.append(f"{head}\n{table(rows)}")
    if verdicts.interactions:
        rows = [("domain", "together", "more than the sum of both", ".95 interval")]
        for each in verdicts.interactions:
            mean = "–" if each.mean is None else signed(each.mean)
            rows.append((each.domain, each.both.text, mean, _between(each.interval, signs=True)))
        parts.append(table(rows))
    return parts


def _word(found: "Comparison") -> str:
    """A verdict with each p that it may rest on."""
    tests = found.contrast
    each = (("", found.adjusted), ("breakdowns ", tests.breakdowns.adjusted), ("all pairs ", tests.whole.adjusted))
    ps = [f"{what}p {p_value(p)}" for what, p in each if p is not None]
    return f"{tests.word} ({', '.join(ps)})" if ps else tests.word


def _between(interval: "Interval | None", *, signs: bool = False) -> str:
    if interval is None:
        return "–"
    low, high = (signed(value) if signs else f"{value:.1f}" for value in interval)
    return f"{low} to {high}"
