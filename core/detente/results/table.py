"""results.csv: one row per run."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detente.files import write_atomically
from detente.results.outcomes import Outcome


def write_results(path: Path, primaries: Mapping[str, str], outcomes: Sequence[Outcome]) -> None:
    """One row per run, in order, with what depends on the machine's speed last.

    Args:
        path: of results.csv.
        primaries: domain → name of the score that carries it.
        outcomes: of the runs.
    """
    varied = any(outcome.cell.setting for outcome in outcomes)
    names = sorted({name for outcome in outcomes for name in _names(outcome)})
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    at = ["setting"] if varied else []
    head = ["domain", "arm", "seed", *at, "status", "step", "primary", "raw", "floor", "baseline", "ceiling"]
    head += ["scaled_final", "scaled_tail", "scaled_best", "best_step", "collapse_step", "gradient_spikes", "saturated"]
    writer.writerow([*head, *map(plain_text, names), "reason", "seconds", "seconds_per_step"])
    for outcome in outcomes:
        writer.writerow([*_row(primaries, outcome, names, varied)])
    write_atomically(path, out.getvalue())


def _names(outcome: Outcome) -> Iterator[str]:
    yield from outcome.scores
    for row in outcome.references.values():
        yield from row


def _row(primaries: Mapping[str, str], outcome: Outcome, names: Sequence[str], varied: bool) -> Iterator[Any]:
    cell, primary = outcome.cell, primaries[outcome.cell.domain]
    yield from (plain_text(cell.domain), plain_text(cell.arm.text), cell.seed)
    yield from [plain_text(cell.setting)] if varied else []
    yield from (outcome.status, outcome.step, plain_text(primary))
    yield outcome.scores.get(primary)
    for row in ("untrained", "baseline", "real"):
        yield outcome.references.get(row, {}).get(primary)
    yield from (outcome.final, outcome.tail, outcome.best, outcome.best_step)
    yield from (outcome.stability.collapsed, outcome.stability.spikes, outcome.stability.saturated)
    yield from (outcome.scores.get(name) for name in names)
    yield from (plain_text(outcome.reason), outcome.seconds, outcome.step_seconds)


def plain_text(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
