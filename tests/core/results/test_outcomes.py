"""What a run has come to, from the files in its folder."""

import pytest

from detente.results.outcomes import Outcome, step_seconds
from detente.training.run_folder import Run
from searches import cell


def test_the_time_of_a_step_leaves_evaluations_out():
    # As a trainer writes them: every 10 steps 1 s, and 100 s for the evaluation after 40.
    times = [(10, 2), (20, 3), (30, 4), (40, 4), (50, 106), (60, 107), (70, 108), (80, 108)]
    lines = [{"step": step, "terms": {}, "seconds": float(seconds)} for step, seconds in times]
    assert step_seconds(lines) == pytest.approx(0.1)
    assert step_seconds(lines[:1]) is None


def test_a_cell_that_has_only_begun_is_pending_not_lost(tmp_path):
    begun = cell(tmp_path)
    assert Outcome.of(begun).status == "pending"
    Run.create(begun.folder, "steps: 10\n", {})
    assert Outcome.of(begun) == Outcome(begun, "running")
