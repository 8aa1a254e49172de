"""A call in two processes that are forked for it, and what they find out about a regularizer."""

import os
import time

import pytest
import torch
import torch.distributed as dist

from detente.engine import ranks
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.regularizers.r1 import R1
from detente.testing import cases, check
from detente.testing.laws import Broken, Skip, two_processes
from planted import assert_caught

HERE = ".*test_two_processes.py"
LAW = "several_processes_play_as_one"


class OfEachPart(Regularizer):
    """The square of a part's mean, which is not linear in the part."""

    players = ("discriminator",)

    def penalty(self, s):
        return s.real_score.mean().square()


class FollowsItsPart(Regularizer):
    """A running mean of its own part's scores."""

    def __init__(self):
        super().__init__()
        self.register_buffer("followed", torch.zeros(()))

    def penalty(self, s):
        self.followed = 0.5 * self.followed + 0.5 * s.real_score.detach().mean().to(self.followed)
        return ((s.real_score - self.followed) ** 2).mean()


DEFECTS = {OfEachPart: LAW, FollowsItsPart: LAW}


@pytest.mark.slow
@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_its_law(defect, law, toys):
    assert_caught(defect, law, toys)


def test_a_mean_over_samples_keeps_the_law():
    found = [v for v in check(R1, cases(["ring"])).verdicts if v.law == LAW]
    assert [v.outcome for v in found] == ["passed"]


def test_where_nothing_can_be_forked_the_law_says_how_it_is_tried(monkeypatch):
    monkeypatch.setattr(two_processes, "possible", lambda: False)
    (verdict,) = [v for v in check(R1, cases(["ring"])).verdicts if v.law == LAW]
    assert verdict.outcome == "skipped" and "in each process of a torch.distributed group" in verdict.reason


def _sum():
    x = torch.tensor([1.0 + dist.get_rank()])
    dist.all_reduce(x)
    if x.item() != 3:
        raise Broken(f"1 + 2 = {x.item()}")


def test_the_two_are_a_group_and_this_process_stays_in_none():
    two_processes.in_two(_sum)
    assert not dist.is_initialized()


@pytest.mark.parametrize(
    ("raised", "expected", "reason"),
    [
        (Skip("no"), Skip, "no"),
        (UsageError("refused"), Skip, "the case is refused: refused"),
        (Broken("wrong"), Broken, "wrong"),
        (IndexError("7"), Broken, rf"it raises IndexError: 7 \({HERE}:\d+\)"),
    ],
)
def test_what_one_of_them_raises_comes_out_though_the_other_waits_for_it(raised, expected, reason):
    def call():
        if dist.get_rank():
            raise raised
        ranks.all_reduce(torch.ones(1))

    with pytest.raises(expected, match=f"^{reason}"):
        two_processes.in_two(call)


def test_a_call_that_asks_for_threads_does_not_wait_for_those_of_the_process_it_was(monkeypatch):
    monkeypatch.setattr(two_processes, "SECONDS", 10)
    before = torch.get_num_threads()

    def sums():
        torch.set_num_threads(2)
        torch.ones(1_000_000).exp().sum()

    sums()
    try:
        two_processes.in_two(sums)
    finally:
        torch.set_num_threads(before)


def test_what_one_of_them_raises_comes_out_though_the_other_has_done_its_part():
    def call():
        if dist.get_rank():
            raise Skip("no")

    with pytest.raises(Skip, match=r"^no$"):
        two_processes.in_two(call)


def test_one_that_is_gone_is_told():
    with pytest.raises(Broken, match="ended"):
        two_processes.in_two(lambda: os._exit(9) if dist.get_rank() else ranks.all_reduce(torch.ones(1)))


def test_one_that_never_ends_is_ended(monkeypatch):
    monkeypatch.setattr(two_processes, "SECONDS", 1)
    begun = time.monotonic()
    with pytest.raises(Broken, match="did not end in 1 s"):
        two_processes.in_two(lambda: time.sleep(600))
    assert time.monotonic() - begun < 60
