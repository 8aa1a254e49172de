"""All scores of a domain."""

import pytest

from detente.report.score_table import score_rows
from detente.report.section import Results
from pages import EVIL, write_cell, write_study


def table(folder, directions: dict[str, str]):
    study = write_study(folder, ["none", "r1", "l2"], seeds=[0, 1])
    for cell in study.cells:
        write_cell(cell, "finished", (0.1, {"none": 0.3, "r1": 0.6, "l2": 0.5}[cell.arm.text] + 0.1 * cell.seed))
        cell.run.record({"directions": directions})
        cell.run.record({"final": {"scaled": 0.5, "scores": cell.run.info["final"]["scores"] | {"same": 1.0}}})
    return {row.name: row for row in score_rows(Results.of(study).domains[0])}


def test_the_primary_score_is_first_and_its_direction_is_the_studys(tmp_path):
    rows = table(tmp_path, {})
    first = next(iter(rows.values()))
    assert (first.name, first.direction, first.arrow, first.best) == ("frechet", "lower", "↓", 1)
    assert first.arms[1] == (pytest.approx(1.35), pytest.approx(1.3), pytest.approx(1.4))
    assert [found and found[0] for found in first.references] == [0.5, 1.0, 2.5]


@pytest.mark.parametrize(("way", "arrow", "best"), [("lower", "↓", 0), ("higher", "↑", 1), ("neither", "", None)])
def test_the_best_arm_is_that_of_the_better_direction(tmp_path, way, arrow, best):
    rows = table(tmp_path, {"same": "higher", "frechet": "neither"} | {EVIL: way})
    row = rows[EVIL]
    assert (row.arrow, row.best) == (arrow, best)
    assert rows["same"].best is None  # all arms alike: none is best
    assert rows["frechet"].best == 1  # the study's direction, whatever a run says


def test_without_a_direction_none_is_best(tmp_path):
    assert table(tmp_path, {})[EVIL].best is None
