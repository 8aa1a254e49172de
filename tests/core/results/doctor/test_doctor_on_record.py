"""The rules on runs that no threshold was set on: those of the record that ended well."""

from collections import defaultdict
from pathlib import Path

import pytest

from detente.results.doctor.rules import examine
from detente.results.outcomes import Outcome
from detente.results.study import Study

RECORD = Path(__file__).parents[4] / "docs" / "results"
WELL = 0.7
"""Of the best score of a study."""


@pytest.mark.slow
def test_of_good_runs_one_in_twenty_at_most_is_accused() -> None:
    good: list[str] = []
    accused: dict[str, list[str]] = defaultdict(list)
    for manifest in sorted(RECORD.glob("*/study.yaml")):
        ended = [outcome for cell, _ in Study.open(manifest.parent).runs() if (outcome := Outcome.of(cell)).final]
        best = max((outcome.final or 0.0 for outcome in ended), default=0.0)
        for outcome in ended:
            if (outcome.final or 0.0) >= WELL * best:
                good.append(f"{outcome.cell}")
                for found in examine(outcome.cell.run):
                    accused[found.code].append(f"{outcome.cell}")
    # On text r1 does make .999 of the discriminator's gradient; the score is the warm-up's.
    penalized = [cell for cell in good if cell.startswith("text / r1 /")]
    dominated = accused["penalty-dominates"]
    assert set(penalized) <= set(dominated), "the rule sees it in each of them"
    accused["penalty-dominates"] = [cell for cell in dominated if cell not in penalized]
    assert len(good) > 150
    assert sum(map(len, accused.values())) <= len(good) / 20, dict(accused)
