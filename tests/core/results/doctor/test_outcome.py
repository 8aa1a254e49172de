"""Faults of samples and scores."""

from dataclasses import replace

import pytest

from courses import course, scaled
from detente.results.doctor.outcome import (
    collapsed,
    evaluation_small,
    latents_unused,
    memorizes,
    oscillates,
    undone,
    warm_up_undone,
)

REAL = {"real": {"modes": 8.0, "uniqueness": 1.0}}


def counted(name: str, *values: float, **info):
    return course(evaluated=[{"scores": {name: value}} for value in values], references=REAL, **info)


def test_modes_that_are_gone_are_a_collapse() -> None:
    (found,) = collapsed(counted("modes", 4, 7, 2, 2))
    assert found.since == 300 and "2 kinds are left, of 7 before and 8 in real data" in found.what
    assert not list(collapsed(counted("modes", 1, 2)))
    assert not list(collapsed(counted("modes", 4, 7, 2, 6)))
    assert not list(collapsed(counted("modes", 4, 7, 2, 2, samples=16)))


def test_repeated_samples_are_a_collapse_even_if_there_were_never_others() -> None:
    assert "again and again" in next(collapsed(counted("uniqueness", 0.06, 0.03))).what
    assert not list(collapsed(counted("uniqueness", 0.9, 0.5)))


def test_samples_that_are_alike_are_a_collapse() -> None:
    def spread(*values: float):
        return course(evaluated=[{"examined": {"G/spread": value}} for value in values])

    assert next(collapsed(spread(0.001, 0.0))).since == 100
    assert next(collapsed(spread(0.9, 0.8, 0.2, 0.1))).since == 300
    assert not list(collapsed(spread(0.06, 0.05)))  # a generator that has not begun
    assert not list(collapsed(spread(0.9, 0.2, 0.6)))


def test_classes_of_one_sample_each_do_not_use_the_latents() -> None:
    def inside(*values: tuple[float, float], **info):
        seen = [{"examined": {"G/spread": all_, "G/spread in a class": one}} for all_, one in values]
        return course(evaluated=seen, **info)

    (found,) = latents_unused(inside((0.9, 0.8), (0.5, 0.14), (0.5, 0.02)))
    assert found.since == 200 and found.value == 0.02 and "g:mode-seeking" in found.fix
    assert not list(latents_unused(inside((0.5, 0.02), (0.9, 0.5))))
    assert not list(latents_unused(inside((0.06, 0.02))))  # a generator that has not begun
    assert not list(latents_unused(inside((0.45, 0.16))))  # one whose samples are alike in all classes
    assert not list(latents_unused(inside((0.5, 0.02), samples=16)))
    assert not list(latents_unused(course(evaluated=[{"examined": {"G/spread": 0.5}}])))


def test_training_comes_undone_if_the_score_falls_for_good() -> None:
    (found,) = undone(course(evaluated=scaled(0.1, 0.4, 0.1, 0.02)))
    assert found.since == 300 and found.value == pytest.approx(0.05)
    assert not list(undone(course(evaluated=scaled(0.1, 0.4, 0.2))))
    assert not list(undone(course(evaluated=scaled(0.04, 0.0))))
    assert not list(undone(course(evaluated=scaled(0.4, 0.0), samples=20)))
    assert not list(undone(course()))


def test_a_warm_up_is_undone_below_half_of_its_score() -> None:
    (found,) = warm_up_undone(course(evaluated=scaled(0.6, 0.2), start="baseline", begun=0.7))
    assert found.since == 200 and "0.7 after it" in found.what
    assert not list(warm_up_undone(course(evaluated=scaled(0.6, 0.4), start="baseline", begun=0.7)))
    assert not list(warm_up_undone(course(evaluated=scaled(0.6, 0.2), start="untrained", begun=0.0)))
    assert not list(warm_up_undone(course(evaluated=scaled(0.6, 0.2), start="baseline")))


def test_scores_oscillate_that_fall_and_rise_twice() -> None:
    (found,) = oscillates(course(evaluated=scaled(0, 0.5, 0.9, 0.4, 0.1, 0.6, 0.9, 0.2, 0.7)))
    assert found.value == 2 and found.since == 400
    assert not list(oscillates(course(evaluated=scaled(0, 0.5, 0.9, 0.4, 0.1, 0.6, 0.9, 0.2))))
    assert not list(oscillates(course(evaluated=scaled(0.1, 0.3, 0.2, 0.4, 0.25, 0.45, 0.3))))


def test_a_discriminator_has_memorized_that_prefers_what_it_was_trained_on() -> None:
    found = [{"examined": {"D/memory": value}} for value in (0.5, 0.7, 0.8, 0.9)]
    assert next(memorizes(course(evaluated=found))).since == 200
    assert not list(memorizes(course(evaluated=found[:1] * 3)))
    assert not list(memorizes(course(evaluated=found, samples=16)))


def test_few_samples_are_chance() -> None:
    assert next(evaluation_small(course(samples=16))).value == 16
    few = course(samples=16)
    assert "samples=1000" in next(evaluation_small(few)).fix
    held_out = replace(few, recipe={**few.recipe, "samples": 500})
    assert "more data" in next(evaluation_small(held_out)).fix
    assert not list(evaluation_small(course(samples=250)))
    assert not list(evaluation_small(course(samples=None)))
