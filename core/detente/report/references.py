"""What arms are read against: real data, the baseline without an adversary, an untrained generator."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from detente.domains.primary import Primary
from detente.report.page import number
from detente.report.sentences import listed
from detente.report.summaries import mean_of
from detente.results.outcomes import Outcome
from detente.results.study import Study

ROWS = {"real": "real data", "baseline": "baseline without an adversary", "untrained": "untrained generator"}


@dataclass(frozen=True)
class ReferenceRow:
    """One of them over all domains.

    Attributes:
        text: what it is called.
        scaled: its mean scaled score in each domain; None where it was not measured.
    """

    text: str
    scaled: Sequence[float | None]


def reference_rows(study: Study, outcomes: Sequence[Outcome]) -> list[ReferenceRow]:
    """Those that were measured in any domain."""
    rows = [ReferenceRow(text, [scaled(study, d, outcomes, row) for d in study.domains]) for row, text in ROWS.items()]
    return [row for row in rows if any(value is not None for value in row.scaled)]


def scaled(study: Study, domain: str, outcomes: Sequence[Outcome], row: str) -> float | None:
    """The scaled score of a reference row, mean over the seeds; None where it was not measured."""
    primary = Primary(**study.primary(domain))
    seeds = {o.cell.seed: o.references for o in outcomes if o.cell.domain == domain and o.references}
    found = [primary.scaled_row(r.get(row, {}), r) for r in seeds.values()]
    return mean_of(value for value in found if math.isfinite(value))


def baseline_sentence(study: Study, domain: str, outcomes: Sequence[Outcome]) -> str:
    """Which arms the baseline is above; empty while runs are open, and where it is above none."""
    own = [o for o in outcomes if o.cell.domain == domain]
    score = scaled(study, domain, own, "baseline")
    if score is None or any(not o.ended for o in own):
        return ""
    finals = {arm: [o.final for o in own if o.cell.arm == arm and o.final is not None] for arm in study.arms}
    means = {arm: sum(found) / len(found) for arm, found in finals.items() if found}
    below = [arm for arm, mean in means.items() if mean < score]
    if not below:
        return ""
    names = listed([f"“{arm.text}”" for arm in below], 4, "arms")
    if len(below) == len(means) > 2:
        which = f"all {len(means)} arms"
    else:
        which = names if len(below) < 5 else f"{len(below)} of {len(means)} arms"
    return f"On {domain} the baseline without an adversary scores {number(score, 2)}, above {which}."
