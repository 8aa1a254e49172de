"""The tail of a run: the mean over the last fifth of its evaluations."""

import json

import pytest

from detente.results.outcomes import Outcome, tail_of
from detente.training.run_folder import Run
from searches import cell


@pytest.mark.parametrize(
    ("scores", "tail"),
    [
        ([0.5], 0.5),
        ([0.1, 0.2, 0.3, 0.4, 0.9], 0.9),
        ([0.0, 0.0, 0.0, 0.0, 0.2, 0.4], 0.3),  # a fifth of 6 is rounded up
        ([0.0] * 8 + [0.5, 0.7], 0.6),
        ([1.0] * 8 + [0.3, 0.4, 0.5], 0.4),
    ],
)
def test_it_is_the_mean_over_the_last_fifth_rounded_up(tmp_path, scores, tail):
    assert tail_of(scores) == pytest.approx(tail)
    assert ended(tmp_path, "finished", scores).tail == pytest.approx(tail)


def test_a_run_that_diverged_has_0_whatever_it_scored_before(tmp_path):
    assert ended(tmp_path, "diverged", [0.5, 0.6]).tail == 0


@pytest.mark.parametrize(
    ("status", "scores"), [("failed", [0.5]), ("running", [0.5]), ("finished", []), ("finished", [0.5, None])]
)
def test_there_is_none_where_there_is_no_score_at_the_end(tmp_path, status, scores):
    found = ended(tmp_path, status, scores)
    assert (found.final, found.tail) == (None, None)


def ended(folder, status: str, scores: list[float | None]) -> Outcome:
    """What has become of a run with these scaled scores."""
    own = cell(folder)
    run = Run.create(own.folder, "steps: 10\n", {"status": status})
    lines = [{"step": 10 * i, "scores": {"x": 1.0}, "scaled": value} for i, value in enumerate(scores, 1)]
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run.record({"final": {"scaled": scores[-1] if scores and status == "finished" else None, "scores": {}}})
    return Outcome.of(own)
