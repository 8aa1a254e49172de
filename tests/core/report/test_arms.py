"""An arm in one domain of a report."""

import pytest

from detente.report.arms import Row, heat
from detente.results.outcomes import Outcome
from searches import cell


@pytest.mark.parametrize(
    ("scaled", "shown"),
    [(None, "empty"), (0.0, "h0"), (0.04, "h0"), (0.06, "h1"), (0.74, "h7"), (1.0, "h10"), (1.3, "h10"), (-0.2, "h0")],
)
def test_a_score_has_one_of_eleven_colours_and_what_was_not_measured_has_none(scaled, shown):
    assert heat(scaled) == shown


def test_a_row_is_held_against_its_partners_seed_by_seed(tmp_path):
    own = [
        Outcome(cell(tmp_path, i), "finished", final=f, step_seconds=s)
        for i, (f, s) in enumerate([(0.75, 3.0), (0.5, None)])
    ]
    others = [
        Outcome(cell(tmp_path / "others", i), "finished", final=f, step_seconds=2.0) for i, f in enumerate([0.25, None])
    ]
    row = Row(own[0].cell.arm, 1, 1, own, others, None, (0, 2, (0.0, 1.0)))
    assert (row.differences, row.cost, row.mean, row.heat) == ([0.5, None], 1.5, 0.625, "h6")
