"""Faults of regularizers."""

from dataclasses import replace

from courses import RECIPE, course
from detente.results.doctor.penalties import clipped_away, dead, dominated, dominates


def shares(*values: float | None, left: float = 1.0):
    return [{"examined": {"D/r1 share": value, "D/r1 left": left}} for value in values]


def test_a_penalty_dominates_by_its_share_of_the_gradient() -> None:
    (found,) = dominates(course(evaluated=shares(0.2, 0.96, 0.99, 0.98)))
    assert found.since == 200 and "discriminator.regularizers.r1.gamma=0.04" in found.fix
    assert dominated(course(evaluated=shares(0.99)), "D") and not dominated(course(evaluated=shares(0.99)), "G")
    assert not list(dominates(course(evaluated=shares(0.99, 0.9, 0.6, 0.6))))
    assert not list(dominates(course(evaluated=shares(None, None))))


def test_a_penalty_is_dead_that_never_has_a_share() -> None:
    lines = [{"terms": {"D/r1": 1e-14}}]
    (found,) = dead(course(lines, shares(1e-12, 3e-13)))
    assert found.value == 1e-12 and "--reg d:r1" in found.fix
    assert not list(dead(course(lines, shares(1e-12, 1e-3))))


def test_what_adds_no_term_is_not_dead_because_it_was_idle() -> None:
    assert not list(dead(course([{}], shares(0.0, 0.0))))


def test_a_gradient_is_clipped_away() -> None:
    (found,) = clipped_away(course(evaluated=shares(0.5, 0.5, left=2e-5)))
    assert found.value == 2e-5
    assert not list(clipped_away(course(evaluated=shares(0.5, 0.5, left=0.05))))


def test_a_named_regularizer_is_typed_by_its_kind() -> None:
    players = {"discriminator": {"regularizers": {"mine": {"kind": "r1", "gamma": 1e9}}}}
    c = replace(course(evaluated=[{"examined": {"D/mine left": 1e-6}}]), recipe={**RECIPE, **players})
    (found,) = clipped_away(c)
    assert "--reg d:r1" in found.fix
