"""The page of a study that is not done, or has too little to say something of."""

import json

import pytest

from detente.report import study_report
from detente.results.outcomes import Outcome
from detente.results.stability import read
from pages import Page, write_cell, write_study


def page(folder) -> str:
    text = Page(study_report(folder).read_text(encoding="utf-8")).text
    return " ".join(text.split())


@pytest.mark.parametrize("done", [0, 1, 5])
def test_an_unfinished_study_has_no_verdict_and_counts_only_runs_that_ended(tmp_path, done):
    study = write_study(tmp_path, seeds=range(6))
    for cell in study.cells[:done]:
        write_cell(cell, "finished", (0.1, 0.6))
    if done:
        write_cell(study.cells[done], "running", (0.1,))
    text = page(tmp_path)
    assert f"Unfinished: {done} of 12 runs have ended. There is no verdict before all have." in text
    assert "nothing is significant" not in text and "undecided" not in text
    assert "Nothing is tested before all runs have ended." in text
    assert (f"0 of {done} " in text) == (done > 0)
    assert "0 of 6 " not in text and "0 of 12 " not in text.replace("0 of 12 runs", "")
    assert "Over all domains" not in text


def test_a_curve_of_fewer_runs_says_of_how_many(tmp_path):
    study = write_study(tmp_path, seeds=range(3))
    for cell in study.cells:
        write_cell(cell, "finished", (0.1, 0.5, 0.6))
    write_cell(study.cells[4], "failed", (0.2,), error="broken")
    assert "the curve is of those that have come so far: r1 of 3 runs: 2 from step 20 on." in page(tmp_path)


def test_the_name_of_a_mean_is_that_of_what_is_shown(tmp_path):
    scores = [0.5, 0.5, 0.5, 0.5], [0.47, 0.49, 0.48, 0.592]  # a gain of .008, whose middle two are −.015
    few = write_study(tmp_path / "few", domains=["a", "b", "c", "d"], seeds=[0])
    for cell in few.cells:
        write_cell(cell, "finished", (0.1, scores[cell.arm.text == "r1"]["abcd".index(cell.domain)]))
    text = page(few.folder)
    assert "mean gain over none" in text and "interquartile" not in text
    assert "fewer than eight are too few to leave some out" in text
    assert "+0.01" in text[text.index("mean gain over none") : text.index("The primary score")]
    many = write_study(tmp_path / "many", domains=["a", "b", "c", "d"], seeds=[0, 1])
    for cell in many.cells:
        write_cell(cell, "finished", (0.1, 0.4 + 0.1 * cell.seed))
    assert "interquartile mean gain over none" in page(many.folder)


def test_a_run_without_a_measured_score_is_no_zero_anywhere(tmp_path):
    study = write_study(tmp_path, seeds=range(3))
    for cell in study.cells:
        write_cell(cell, "finished", (0.1, 0.6))
    own = study.cells[4]
    lines = [json.loads(line) for line in own.run.metrics.read_text().splitlines()]
    for line in lines:
        if "scores" in line:
            line["scaled"] = None
    own.run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    own.run.record({"final": {"scaled": None, "scores": {}}, "best": None})
    outcome = Outcome.of(own)
    assert (outcome.final, outcome.best, outcome.curve) == (None, None, ())
    assert read(lines, None, None, None).collapsed is None
    text = page(tmp_path)
    assert "1 of them without a score that could be measured (left out of the comparison)" in text
    assert "not measured" in text
    assert "“none”, 0.60 (from 0.60 to 0.60); “r1” follows with 0.60 (from 0.60 to 0.60)" in text


@pytest.mark.parametrize("last", [None, float("nan"), "inf"])
def test_an_evaluation_that_was_not_measured_is_not_a_collapse(last):
    lines = [{"step": 10 * i, "scores": {}, "scaled": v} for i, v in enumerate((0.2, 0.6, 0.7, last), start=1)]
    assert read(lines, None, 0.7, None).collapsed is None
    assert read([*lines, {"step": 50, "scores": {}, "scaled": 0.0}], 0.0, 0.7, None).collapsed == 50
