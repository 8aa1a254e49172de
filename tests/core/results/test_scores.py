"""What a run is worth in a search, by hand."""

import json

import pytest

from detente.domains.primary import Primary
from detente.results.cells import Cell
from detente.results.scores import Measure, Scaled, StepsUntil, measure
from detente.training.run_folder import Run
from searches import cell

REFERENCES = {"untrained": {"frechet": 9.0}, "real": {"frechet": 1.0}}
SCALED = Scaled(Primary("frechet", "lower"))


def ended(folder, status: str, *scores: float | None) -> Cell:
    """A run with an evaluation every ten steps."""
    own = cell(folder)
    run = Run.create(own.folder, "steps: 40\n", {})
    lines = [{"step": 10 * (i + 1), "scores": {"frechet": value}} for i, value in enumerate(scores)]
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    final = {"scores": {"frechet": scores[-1]}} if scores else {}
    run.record({"status": status, "final": final, "references": REFERENCES})
    return own


def test_a_scaled_score_is_that_of_the_last_step_from_untrained_to_real(tmp_path):
    assert SCALED(ended(tmp_path, "finished", 1.0, 3.0)) == pytest.approx(0.75)


@pytest.mark.parametrize("of", [SCALED, StepsUntil("frechet", "lower", 5.0, 40)])
@pytest.mark.parametrize(("status", "worth"), [("diverged", 0.0), ("failed", None), ("running", None)])
def test_a_run_that_diverged_is_worth_nothing_and_one_without_a_result_has_no_worth(tmp_path, of, status, worth):
    assert of(ended(tmp_path, status, 2.0)) == worth


@pytest.mark.parametrize(
    ("direction", "threshold", "worth"),
    [
        ("lower", 4.5, 1 - 20 / 40),
        ("lower", 4.0, 1 - 40 / 40),  # at the threshold is not beyond it
        ("lower", 1.0, 0.0),
        ("higher", 5.0, 1 - 10 / 40),
    ],
)
def test_steps_until_a_threshold_count_to_the_first_evaluation_beyond_it(tmp_path, direction, threshold, worth):
    # One score is missing, as where a metric returned NaN.
    run = ended(tmp_path, "finished", 6.0, 4.0, None, 2.0)
    assert StepsUntil("frechet", direction, threshold, 40)(run) == pytest.approx(worth)


@pytest.mark.parametrize("of", [SCALED, StepsUntil("frechet", "higher", 0.5, 40)])
def test_a_measure_is_read_back_from_its_plain_form(of: Measure):
    again = measure(of.plain())
    assert (type(again), again.plain(), again.text) == (type(of), of.plain(), of.text)
    assert "frechet" in of.text
