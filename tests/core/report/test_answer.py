"""The question of a study and what became of its runs, in sentences."""

import pytest

from detente.report.answer import question, status, title
from detente.results.outcomes import Outcome
from pages import write_study
from searches import cell


@pytest.mark.parametrize(
    ("arms", "asked"),
    [
        (["none", "r1"], "Does r1 improve on “none” on pair and ring?"),
        (["none", "r1", "l2"], "Does either of r1 and l2 improve on “none” on pair and ring?"),
        (["none", "r1", "l2", "l1"], "Does any of r1, l2 and l1 improve on “none” on pair and ring?"),
        (["none"], "How good is “none” on pair and ring?"),
        (["r1", "l2"], "Does l2 improve on “r1” on pair and ring?"),
    ],
)
def test_a_study_asks_whether_something_improves_on_its_reference(tmp_path, arms, asked):
    study = write_study(tmp_path, arms, ["pair", "ring"])
    assert question(study) == asked


def test_a_title_counts_arms_that_are_too_many_to_name(tmp_path):
    assert title(write_study(tmp_path, [f"l2(weight={i})" for i in range(5)])) == "5 arms on pair"


def test_runs_are_counted_by_how_they_ended_and_what_is_open_is_said(tmp_path):
    ends = ["finished", "finished", "diverged", "failed", "running"]
    finals = {"finished": 0.5, "diverged": 0.0}
    outcomes = [Outcome(cell(tmp_path, i), end, final=finals.get(end)) for i, end in enumerate(ends)]
    told = status(outcomes)
    assert told.startswith(
        "2 of 5 runs finished, 1 diverged (counted with score 0), 1 failed (left out of the means); 1 "
    )
    assert status(outcomes[:2]) == "2 of 2 runs finished."
