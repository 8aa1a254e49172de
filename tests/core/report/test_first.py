"""The answer at one look."""

import pytest

from detente.report.first import first_rows
from detente.report.section import Results
from pages import write_cell, write_study


def rows(folder, finals: dict[str, list[float]], status="finished"):
    study = write_study(folder, list(finals), seeds=range(len(next(iter(finals.values())))))
    for cell in study.cells:
        write_cell(cell, status, (0.05, finals[cell.arm.text][cell.seed]))
    results = Results.of(study)
    return first_rows(results.domains, results.verdicts)


GOOD = [0.7, 0.71, 0.72, 0.7, 0.71, 0.72, 0.7]


def test_the_best_arm_stands_with_its_verdict_the_baseline_and_what_to_do(tmp_path):
    (row,) = rows(tmp_path, {"none": [0.5] * 7, "r1": GOOD, "l2": [0.4, 0.3] * 3 + [0.4]})
    assert row.best is not None and row.use is not None
    assert (row.best.arm.text, row.verdict, row.baseline) == ("r1", "▲ better", pytest.approx(0.75))
    assert row.use.folder.endswith("cells/pair/arm-1/2")  # the best of its seeds
    assert row.use.command == f"detente sample {row.use.folder} -n 16"


def test_where_the_reference_is_the_best_that_is_said(tmp_path):
    (row,) = rows(tmp_path, {"none": GOOD, "r1": [0.5] * 7})
    assert row.verdict == "no arm has a higher mean than none"


@pytest.mark.parametrize(("status", "said"), [("running", "unfinished"), ("failed", "no scores")])
def test_without_scores_there_is_no_best_arm_and_nothing_to_use(tmp_path, status, said):
    (row,) = rows(tmp_path, {"none": [0.5], "r1": [0.6]}, status)
    assert (row.best, row.use, row.verdict) == (None, None, said)


def test_what_is_no_better_than_an_untrained_generator_is_nothing_to_use(tmp_path):
    (row,) = rows(tmp_path, {"none": [0.0] * 2, "r1": [0.0] * 2})
    assert row.best is not None and row.use is None
