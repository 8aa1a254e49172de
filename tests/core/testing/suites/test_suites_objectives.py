"""Faults of objectives, each caught under the law that is named for it; the built-in ones keep all laws."""

import pytest

from detente.plugins import host
from detente.testing import cases, check
from detente.testing.check import plan_for
from faulty_objectives import OBJECTIVES

FEW = ("ring", "critics")


@pytest.fixture(scope="module")
def few():
    return cases(FEW)


@pytest.mark.parametrize("name", [e.name for e in host().entries("objective")])
def test_every_registered_objective_keeps_the_laws(name, few):
    report = check(host().load("objective", name), few).require()
    assert report.count("skipped") == 0


@pytest.mark.parametrize("fault", OBJECTIVES, ids=lambda cls: cls.__name__)
def test_a_planted_fault_is_caught_by_the_law_that_is_named_for_it(fault, few):
    found = [trial.verdict() for trial in plan_for(fault, few).trials if trial.name == OBJECTIVES[fault]]
    assert any(v.outcome == "broken" and "raises" not in v.reason for v in found), found
