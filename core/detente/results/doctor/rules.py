"""The list of rules, worst faults first, and what they find."""

from collections.abc import Sequence

from detente.results.doctor.course import Course
from detente.results.doctor.diagnosis import Diagnosis, Rule
from detente.results.doctor.outcome import (
    collapsed,
    evaluation_small,
    latents_unused,
    memorizes,
    oscillates,
    undone,
    warm_up_undone,
)
from detente.results.doctor.penalties import clipped_away, dead, dominates
from detente.results.doctor.players import (
    exploded,
    no_progress,
    not_finite,
    overwhelmed,
    saturated,
    stands_still,
    vanished,
)
from detente.training.run_folder import Run

RULES: Sequence[Rule] = (
    not_finite,
    dominates,
    warm_up_undone,
    collapsed,
    latents_unused,
    undone,
    exploded,
    vanished,
    stands_still,
    saturated,
    overwhelmed,
    clipped_away,
    oscillates,
    no_progress,
    memorizes,
    dead,
    evaluation_small,
)
"""The thresholds were chosen on half of the runs of tests/acceptance/planted_runs.py, and checked on the other half."""


def examine(run: Run) -> list[Diagnosis]:
    """What went wrong in a run, worst first; nothing where nothing shows."""
    return diagnoses(Course.of(run))


def diagnoses(course: Course) -> list[Diagnosis]:
    """The same of a run's course; that there is no progress is said where nothing else says why."""
    found = [each for rule in RULES for each in rule(course)]
    return [each for each in found if each.code != no_progress.code] or found
