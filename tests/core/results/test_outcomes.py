"""What a run has come to, from the files in its folder."""

import pytest

from detente.results.outcomes import Outcome
from detente.training.run_folder import Run
from searches import cell


@pytest.mark.parametrize("measured", [0.02, 1, None])
def test_the_cost_of_a_step_is_its_processor_time_or_was_not_measured(tmp_path, measured):
    begun = cell(tmp_path)
    record = {"seconds": 99.0, "memory": 10**9} | ({} if measured is None else {"processor_seconds_per_step": measured})
    Run.create(begun.folder, "steps: 10\n", record)
    assert Outcome.of(begun).step_seconds == measured


def test_a_cell_that_has_only_begun_is_pending_not_lost(tmp_path):
    begun = cell(tmp_path)
    assert Outcome.of(begun).status == "pending"
    Run.create(begun.folder, "steps: 10\n", {})
    assert Outcome.of(begun) == Outcome(begun, "running")
