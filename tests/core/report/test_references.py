"""Real data, the baseline and an untrained generator beside the arms."""

import re

import pytest

from detente.report import study_report
from detente.report.references import baseline_sentence, reference_rows
from detente.results.outcomes import Outcome
from pages import Page, write_cell, write_study


def outcomes(folder, finals: dict[str, list[float]], references: dict[str, dict[str, float]], status="finished"):
    study = write_study(folder, list(finals), seeds=range(len(next(iter(finals.values())))))
    found = [Outcome(c, status, final=finals[c.arm.text][c.seed], references=references) for c in study.cells]
    return study, found


ROWS = {"real": {"frechet": 0.5}, "baseline": {"frechet": 1.0}, "untrained": {"frechet": 2.5}}  # the baseline: 0.75


@pytest.mark.parametrize(
    ("finals", "above"),
    [
        ({"none": [0.2, 0.3], "r1": [0.4, 0.7], "l2": [0.7, 0.7]}, "all 3 arms"),
        ({"none": [0.2, 0.3], "r1": [0.9, 0.7], "l2": [0.8, 0.8]}, "“none”"),
        ({"none": [0.2, 0.3], "r1": [0.5, 0.7]}, "“none” and “r1”"),
        ({**{f"l2(weight={i})": [0.1] for i in range(5)}, "r1": [0.9]}, "5 of 6 arms"),
        ({"none": [0.8], "r1": [0.9]}, None),
        ({"none": [0.75], "r1": [0.76]}, None),
    ],
)
def test_the_baseline_is_named_where_it_is_above_an_arm(tmp_path, finals, above):
    study, found = outcomes(tmp_path, finals, ROWS)
    said = baseline_sentence(study, "pair", found)
    assert said == (f"On pair the baseline without an adversary scores 0.75, above {above}." if above else "")


@pytest.mark.parametrize("lost", ["real", "baseline", "untrained"])
def test_what_was_not_measured_is_no_row_and_no_sentence(tmp_path, lost):
    study, found = outcomes(tmp_path, {"none": [0.1]}, {row: s for row, s in ROWS.items() if row != lost})
    assert baseline_sentence(study, "pair", found) == ""
    assert all(value is not None for row in reference_rows(study, found) for value in row.scaled)
    assert len(reference_rows(study, found)) < 3


def test_nothing_is_said_while_runs_are_open(tmp_path):
    study, found = outcomes(tmp_path, {"none": [0.1], "r1": [0.2]}, ROWS)
    assert baseline_sentence(study, "pair", [found[0], Outcome(found[1].cell, "running")]) == ""


def test_the_page_has_the_references_the_pairs_and_a_command_that_can_be_pasted(tmp_path):
    folder = tmp_path / "my study"
    study = write_study(folder, ["l2", "r1", "ema"], seeds=[0, 1])
    for cell, final in zip(study.cells, (0.1, 0.2, 0.3, 0.5, 0.2, 0.2), strict=True):
        write_cell(cell, "finished", (0.05, final))
    text = " ".join(Page(study_report(folder).read_text(encoding="utf-8")).text.split())
    assert "Does either of r1 and ema improve on “l2” on pair?" in text
    assert "On pair the baseline without an adversary scores 0.75, above all 3 arms." in text
    overview = text[text.index("Overview Scaled") :]
    assert "real data 1.00 baseline without an adversary 0.75 untrained generator 0.00" in overview
    assert f"detente sample '{folder}/cells/pair/arm-1/1' -n 16" in text
    assert "Every two arms: 3 pairs" in text
    assert "Differences from “l2”" in text and "× l2" in text and "beats l2" in text
    made = text.index("How this was made")
    assert not re.search(r"\bnone\b", text[:made])
