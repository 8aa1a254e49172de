"""Faults of models, each caught under the law that is named for it; sound ones keep all laws."""

import pytest

from detente.testing import Kind, check, kind
from detente.testing.check import plan_for
from faulty_networks import MODELS


@pytest.fixture(scope="module")
def ring() -> Kind:
    return kind("ring", sets=["data.size=400"])


@pytest.mark.parametrize("fault", MODELS, ids=lambda cls: cls.__name__)
def test_a_planted_fault_is_caught_by_the_law_that_is_named_for_it(fault, ring):
    found = [trial.verdict() for trial in plan_for(fault, [ring]).trials if trial.name == MODELS[fault]]
    assert [(v.outcome, "raises" in v.reason.partition(" for ")[0]) for v in found] == [
        ("broken", fault.__name__ == "Brittle")
    ], found


def test_the_toy_s_own_model_keeps_every_law(ring):
    report = check(lambda: ring.model, [ring]).require()
    assert report.count("skipped") == 0
