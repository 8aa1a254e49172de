"""Faults of what a data set hands out, each caught under the law that is named for it."""

import random

import pytest
import torch

from detente import Batch
from detente.testing import Kind, check, kind
from detente.testing.check import plan_for
from detente.toys.mixture import RingData


@pytest.fixture(scope="module")
def ring() -> Kind:
    return kind("ring", sets=["data.size=400"])


class Augmented(RingData):
    def batch(self, index):
        return Batch(super().batch(index).x + 0.01 * torch.randn(len(index), 2))


class Shuffled(RingData):
    def batch(self, index):
        return Batch(super().batch(index.sort().values).x)


class Centred(RingData):
    def batch(self, index):
        x = super().batch(index).x
        return Batch(x - x.mean(0))


class Generous(RingData):
    def real(self, n):
        return super().real(n + 1)


class Miserly(RingData):
    def real(self, n):
        return super().real(min(n, 3))


class Drawing(RingData):
    def real(self, n):
        start = random.randrange(3)
        return super().real(n + start)[start:]


FAULTS = {
    Augmented: "a_batch_holds_the_samples_at_its_index",
    Shuffled: "a_batch_holds_the_samples_at_its_index",
    Centred: "a_batch_holds_the_samples_at_its_index",
    Generous: "real_samples_are_no_more_than_asked_and_none_twice",
    Miserly: "real_samples_are_no_more_than_asked_and_none_twice",
    Drawing: "data_leave_global_generators_alone",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda cls: cls.__name__)
def test_a_planted_fault_is_caught_by_the_law_that_is_named_for_it(fault, ring):
    found = [t.verdict() for t in plan_for(lambda: fault(size=400), [ring]).trials if t.name == FAULTS[fault]]
    assert [(v.outcome, "raises" in v.reason) for v in found] == [("broken", False)], found


def test_a_sound_data_set_keeps_every_law_but_that_of_labels_which_it_has_not(ring):
    report = check(lambda: RingData(size=400), [ring]).require()
    assert {v.law for v in report.verdicts if v.outcome == "skipped"} == {"labels_fit_the_samples"}
