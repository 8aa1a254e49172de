"""Faults of metrics, each caught under the law that is named for it; sound ones keep all laws."""

import pytest

from detente.plugins import host
from detente.testing import Kind, check, kind
from detente.testing.check import plan_for
from faulty_metrics import METRICS


@pytest.fixture(scope="module")
def ring() -> Kind:
    return kind("ring", sets=["data.size=400"])


@pytest.mark.parametrize("fault", METRICS, ids=lambda cls: cls.__name__)
def test_a_planted_fault_is_caught_by_the_law_that_is_named_for_it(fault, ring):
    found = [trial.verdict() for trial in plan_for(fault, [ring]).trials if trial.name == METRICS[fault]]
    assert [(v.outcome, "raises" in v.reason.partition(" for ")[0]) for v in found] == [
        ("broken", fault.__name__ == "Brittle")
    ], found


@pytest.mark.parametrize("fault", [f for f, law in METRICS.items() if law == "metrics_leave_the_samples_alone"])
def test_what_is_changed_once_and_for_all_is_caught_where_all_laws_are_tried(fault):
    report = check(fault, [kind("ring", sets=["data.size=400"])])
    assert "metrics_leave_the_samples_alone" in {v.law for v in report.broken}


@pytest.mark.parametrize("name", ["frechet", "frechet-extrapolated", "kernel-distance", "prdc"])
def test_a_metric_of_all_domains_keeps_every_law(name, ring):
    report = check(host().load("metric", name, "ring"), [ring]).require()
    assert report.count("skipped") == 0
