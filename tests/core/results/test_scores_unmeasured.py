"""A run that was not measured has no worth, which is not 0; one that diverged is worth 0."""

import json

import pytest

from detente.domains.primary import Primary
from detente.results.outcomes import Outcome
from detente.results.scores import Scaled, StepsUntil
from detente.results.stability import collapse, scaled_curve
from detente.training.run_folder import Run
from searches import cell

SCALED, UNTIL = Scaled(Primary("frechet", "lower")), StepsUntil("frechet", "lower", 5.0, 40)
ENDS = {"untrained": {"frechet": 9.0}, "real": {"frechet": 1.0}}


def ended(folder, values, references, status="finished", scaled=None):
    own = cell(folder)
    run = Run.create(own.folder, "steps: 40\n", {})
    lines = [{"step": 10 * (i + 1), "scores": {"frechet": v}, "scaled": scaled} for i, v in enumerate(values)]
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    final = {"scores": {"frechet": values[-1]}, "scaled": scaled} if values else {}
    run.record({"status": status, "final": final, "references": references})
    return own


@pytest.mark.parametrize(
    ("values", "references"),
    [
        ([3.0, None], ENDS),
        ([3.0, 3.0], {}),
        ([3.0], {"untrained": {"frechet": 9.0}, "real": {"frechet": None}}),
        ([3.0], {"untrained": {"frechet": 1.0}, "real": {"frechet": 9.0}}),
        ([3.0], {"untrained": {"other": 9.0}, "real": {"other": 1.0}}),
    ],
)
def test_what_cannot_be_scaled_has_no_worth(tmp_path, values, references):
    assert SCALED(ended(tmp_path, values, references)) is None


@pytest.mark.parametrize(
    ("values", "worth"), [([None, None], None), ([], None), ([None, 7.0], 0.0), ([None, 4.0], 0.5)]
)
def test_a_threshold_that_was_never_looked_at_is_not_one_that_was_never_passed(tmp_path, values, worth):
    assert UNTIL(ended(tmp_path, values, {})) == worth


@pytest.mark.parametrize("measure", [SCALED, UNTIL])
def test_divergence_is_worth_0_whatever_was_measured(tmp_path, measure):
    assert measure(ended(tmp_path, [None], {}, status="diverged")) == 0.0


def test_a_finished_run_without_a_scaled_score_has_none_in_any_form(tmp_path):
    found = Outcome.of(ended(tmp_path, [3.0, 2.0], {}))
    assert (found.status, found.final, found.best, found.curve, found.unscored) == ("finished", None, None, (), True)
    assert (found.stability.kept, found.stability.collapsed) == (None, None)
    (tmp_path / "more").mkdir()
    whole = Outcome.of(ended(tmp_path / "more", [3.0, 2.0], ENDS, scaled=0.5))
    assert (whole.final, whole.curve, whole.unscored) == (0.5, ((10, 0.5), (20, 0.5)), False)


def test_a_gap_in_a_course_is_no_collapse():
    lines = [{"step": s, "scores": {}, "scaled": v} for s, v in ((1, 0.8), (2, None), (3, 0.7), (4, None))]
    assert scaled_curve(lines) == ((1, 0.8), (3, 0.7))
    assert collapse(scaled_curve(lines)) is None
    assert collapse([(1, 0.8), (3, 0.1)]) == 3
