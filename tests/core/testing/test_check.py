"""The kit on every registered regularizer, and what its report says."""

import pytest
import torch

from detente.engine.regularizer import Regularizer
from detente.plugins import host
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.regularizers.spectral_norm import SpectralNorm
from detente.testing import TOYS, Case, Report, Verdict, cases, check
from detente.testing.laws import must_keep
from detente.toys.mixture import MLP, RingData, RingDomain
from strong import STRONG

# Where a default says nothing on the toys: instance normalization needs positions, which only these layers have.
OPTIONS: dict[str, dict] = {"instance-norm": {"where": ["conv", "embed", "row"]}, **STRONG}


SOON = {"feature-matching": "critics"}
"""The toy of `make test`, where it is not the pair: its critic has no features."""


@pytest.mark.parametrize("others", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [e.name for e in host().entries("regularizer")])
def test_every_registered_regularizer_keeps_the_laws_on_all_toys(name, others):
    make = host().load("regularizer", name)
    soon = SOON.get(name, "pair")
    names = [toy for toy in TOYS if toy != soon] if others else [soon]
    report = check(lambda: make(**OPTIONS.get(name, {})), cases(names)).require()
    assert report.count("passed") >= 10


def test_a_kit_that_checks_nothing_fails():
    with pytest.raises(AssertionError, match="was not tested in any case"):
        check(R1, []).require()


@pytest.mark.slow
def test_a_law_that_does_not_apply_says_why(toys):
    reasons = {v.reason for v in check(R1, toys).verdicts if v.outcome == "skipped"}
    assert reasons and all(reasons)


def a_report(*verdicts: tuple[str, str]) -> Report:
    return Report("mine", ("plays", "saves"), [Verdict(law, "ring", outcome, "why") for law, outcome in verdicts])


def test_a_report_without_a_broken_law_is_returned_and_counts_its_verdicts():
    report = a_report(("plays", "passed"), ("saves", "skipped"), ("saves", "passed"))
    assert report.require() is report and not report.broken and not report.untried
    assert str(report) == "mine: 2 passed, 1 skipped, 0 broken"


def test_broken_laws_and_those_that_were_tried_nowhere_are_all_named():
    report = a_report(("plays", "broken"), ("saves", "skipped"), ("other", "broken"))
    assert report.untried == {"saves": "why"}
    with pytest.raises(AssertionError) as error:
        report.require()
    assert str(error.value) == (
        "mine breaks 3 law(s)\n  plays on ring: why\n  other on ring: why\n  saves was not tested in any case: why"
    )
    assert a_report(("plays", "passed")).untried == {"saves": "no case applies"}


class Raises(Regularizer):
    """Fails in a way of its own."""

    def penalty(self, s):
        raise ZeroDivisionError("by nothing")


def test_a_regularizer_that_raises_breaks_the_law_that_it_was_tried_on(toys):
    report = check(Raises, toys[:2])
    broken = {v.law: v.reason for v in report.broken}
    assert broken["play_goes_on"].startswith("it raises ZeroDivisionError: by nothing (")
    line = Raises.penalty.__code__.co_firstlineno + 1
    assert broken["play_goes_on"].endswith(f"test_check.py:{line})")
    # One cause, told once, though many laws met it.
    assert len(broken) > 5 and len([fault for fault in report.faults if "by nothing" in fault]) == 1


class ForTheGenerator(Regularizer):
    players = ("generator",)


def test_a_regularizer_is_tried_on_the_players_where_it_may_sit(toys):
    where = {v.where for v in check(ForTheGenerator, toys[:2]).verdicts}
    told = (toys[0].name, toys[1].name, "furnished", "any case", "closed forms")
    assert where == {f"{name}, generator" for name in told}
    assert any("discriminator" in v.where for v in check(R1, toys[:1]).verdicts)


def test_checking_leaves_threads_and_random_numbers_as_they_were(toys):
    threads = torch.get_num_threads()
    torch.manual_seed(5)
    before = torch.default_generator.get_state()
    torch.set_num_threads(2)
    try:
        check(R1, toys[:1])
        assert torch.get_num_threads() == 2 and torch.equal(torch.default_generator.get_state(), before)
    finally:
        torch.set_num_threads(threads)


def test_a_regularizer_that_is_stripped_of_everything_is_red_and_not_shorter(toys):
    class Empty(Regularizer):
        pass

    with pytest.raises(AssertionError, match="it_has_an_effect on any case"):
        check(Empty, toys[:2]).require()


def test_what_the_networks_of_a_case_break_by_themselves_is_not_put_on_the_regularizer():
    class Faulty(MLP):
        def build(self, space):
            networks = super().build(space)
            networks.discriminator.register_forward_hook(lambda net, x, out: out * (out.sum().item() * 0 + 1))
            return networks

    case = Case("faulty", RingDomain(), RingData(size=50), Faulty(width=8))
    report = check(R1, [case])
    assert not report.broken
    assert "networks of the case break it by themselves" in report.untried["nothing_waits_for_the_device"]


def test_checking_leaves_grad_mode_and_dtype_as_they_were(toys):
    class Meddles(L2):
        def attach(self, net):
            super().attach(net)
            torch.set_grad_enabled(False)
            torch.set_default_dtype(torch.float64)

    assert check(Meddles, toys[:1]).broken
    assert torch.is_grad_enabled() and torch.get_default_dtype() is torch.float32


def test_cases_are_the_toys_unless_others_are_named():
    assert [case.name for case in cases()] == list(TOYS)
    assert [case.name for case in cases(["tokens", "dirac"])] == ["tokens", "dirac"]


def test_what_a_regularizer_must_keep_follows_from_the_points_that_it_defines():
    always = {"play_goes_on", "nothing_waits_for_the_device", "a_checkpoint_holds_everything"}
    always |= {"the_other_player_is_left_alone", "deployed_networks_are_settled", "the_deployed_copy_stays_still"}
    always |= {"it_has_an_effect", "global_generators_are_left_alone", "process_wide_settings_stay"}
    always |= {"nothing_of_a_step_is_kept"}
    assert set(must_keep(ForTheGenerator())) == always
    assert set(must_keep(L2())) == always | {"off_is_absent_to_the_bit"}
    assert set(must_keep(R1())) == always | {"off_is_absent_to_the_bit", "declared_passes_are_the_real_ones"}
    assert {"names_and_types_stay", "forwards_write_no_state"} <= set(must_keep(SpectralNorm()))
