"""The trials as tests: what is asked for is run, and nothing twice."""

import pytest

from detente.errors import UsageError
from detente.regularizers.r1 import R1
from detente.testing.items import items


def test_the_last_item_runs_what_nobody_ran_and_nothing_twice(monkeypatch):
    found = items(R1, ["ring"])
    first, last = found[0], found[-1]
    first()
    last()
    trials = first.trials
    assert first.outcome == "passed" and last.outcome == "passed"
    assert 1 < len(trials.found) < len(found) / 2  # those that must be tried, and each once
    monkeypatch.setattr(type(trials.plan.trials[0]), "verdict", lambda self: pytest.fail("it has run already"))
    first()
    last()


def test_an_expected_failure_must_be_a_law():
    with pytest.raises(UsageError, match="which is no law"):
        items(R1, [], {"nonsense": "because"})
