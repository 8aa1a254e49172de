"""Faults of the game: who wins, and what becomes of the gradients."""

import pytest

from courses import course, scaled
from detente.results.doctor.players import (
    exploded,
    no_progress,
    not_finite,
    overwhelmed,
    saturated,
    stands_still,
    vanished,
)


def test_the_origin_of_what_is_not_finite_is_named() -> None:
    lines = [
        {"D/gradient": 1.0, "G/gradient": 1.0},
        {"D/gradient": 900.0, "G/gradient": 2.0},
        {"D/gradient": None, "G/gradient": 2.0, "terms": {"D/r1": None}},
    ]
    (found,) = not_finite(course(lines, status="diverged", step=30))
    assert found.since == 30 and found.what == "D/r1 and D/gradient are not finite"
    assert "discriminator's gradient grew 900 times" in found.why
    assert "discriminator.optimizer.lr=0.0002" in found.fix


def test_a_run_that_ended_well_has_no_origin_of_nan() -> None:
    assert not list(not_finite(course([{"D/gradient": None}])))
    (found,) = not_finite(course(status="diverged", step=7))
    assert found.since == 7 and found.what.startswith("A weight or the samples")


@pytest.mark.parametrize(
    ("norms", "step"), [([1, 1, 1, 1, 500, 600, 700, 800], 50), ([0.001, 0.001, 1, 2, 3, 4, 5, 6], 50)]
)
def test_a_gradient_explodes_by_its_size_or_by_its_growth(norms, step) -> None:
    (found,) = exploded(course([{"G/gradient": norm} for norm in norms]))
    assert "generator" in found.what and found.since == step


def test_gradients_as_usual_do_not_explode_and_single_spikes_neither() -> None:
    assert not list(exploded(course([{"D/gradient": x} for x in (20, 15, 3000, 30, 12, 18, 25, 2000)])))


def test_what_a_penalty_does_is_said_of_the_penalty_alone() -> None:
    examined = [{"scaled": 0.1, "examined": {"D/r1 share": 0.99}}] * 2
    assert not list(exploded(course([{"D/gradient": 1e4}] * 8, examined)))


@pytest.mark.parametrize("norms", [[1e-5] * 8, [10, 10, 1, 0.1, 0.005, 0.005, 0.005, 0.005]])
def test_a_gradient_vanishes_by_its_size_or_by_its_fall(norms) -> None:
    (found,) = vanished(course([{"G/gradient": norm, "D/apart": 1.0} for norm in norms], scaled(0.1, 0.1)))
    assert "sure of everything" in found.why
    assert not list(vanished(course([{"G/gradient": norm} for norm in norms], scaled(0.1, 0.8))))


def test_a_discriminator_is_saturated_only_while_nothing_improves() -> None:
    apart = [{"D/apart": x} for x in (0.5, 0.7, 0.9, 1.0, 1.0, 1.0, 1.0, 0.995)]
    (found,) = saturated(course(apart, scaled(0.1, 0.1)))
    assert found.since == 40 and found.value == 1.0
    assert not list(saturated(course(apart, scaled(0.1, 0.2))))
    assert not list(saturated(course(apart, scaled(0.6, 0.6))))
    assert not list(saturated(course([{"D/apart": 0.98}] * 8, scaled(0.1, 0.1))))


def test_a_discriminator_is_overwhelmed_while_the_samples_are_poor() -> None:
    apart = [{"D/apart": x} for x in (0.9, 0.6, 0.3, 0.1, 0.0, 0.0, 0.1, 0.2)]
    (found,) = overwhelmed(course(apart, scaled(0.0, 0.1)))
    assert found.since == 30 and "discriminator.optimizer.lr=0.02" in found.fix
    assert not list(overwhelmed(course(apart, scaled(0.0, 0.9))))
    assert not list(overwhelmed(course([{"D/apart": 0.5}] * 8, scaled(0.0, 0.1))))


def test_a_generator_stands_still_if_no_score_moves() -> None:
    still = [{"scaled": 0.0, "scores": {"frechet": 3.62 + x, "modes": 0.0}} for x in (0, 1e-4, 2e-4)]
    (found,) = stands_still(course(evaluated=still))
    assert found.value == pytest.approx(2e-4 / 3.6202, rel=1e-3)
    moving = [*still, {"scaled": 0.0, "scores": {"frechet": 3.7, "modes": 0.0}}]
    assert not list(stands_still(course(evaluated=moving)))
    noise = (2.0, 2.003, 2.001)
    noisy = [{"scaled": 0.0, "scores": {"frechet": 3.62, "density": x, "mel": 2 + x / 1e4}} for x in noise]
    assert list(stands_still(course(evaluated=noisy)))
    assert not list(stands_still(course(evaluated=still[:2])))
    assert not list(stands_still(course(evaluated=[{"scores": {"modes": 0.0}}] * 4)))


def test_a_generator_gets_nowhere_that_moves_and_is_as_poor_at_the_end() -> None:
    def poor(*values: float, **info):
        scores = zip(values, (3.0, 9.0, 5.0, 8.0), strict=False)
        return course(evaluated=[{"scaled": value, "scores": {"frechet": x}} for value, x in scores], **info)

    (found,) = no_progress(poor(0.0, 0.023, 0.0, 0.028))
    assert found.value == 0.028 and "generator.optimizer.lr=0.0001" in found.fix
    assert not list(no_progress(poor(0.0, 0.01, 0.02, 0.04)))  # slowly, but it rises
    assert not list(no_progress(poor(0.0, 0.06, 0.0, 0.0)))
    assert not list(no_progress(poor(0.0, 0.0)))
    assert not list(no_progress(poor(0.0, 0.0, 0.0, samples=16)))
    still = [{"scaled": 0.0, "scores": {"frechet": 3.6 + x}} for x in (0, 1e-4, 2e-4)]
    assert not list(no_progress(course(evaluated=still)))
