"""results.csv."""

import csv

from detente.results.outcomes import Outcome
from detente.results.table import write_results
from searches import cell


def rows(path, outcomes):
    write_results(path, {"pair": "frechet"}, outcomes)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_text_in_results_is_no_formula(tmp_path):
    outcome = Outcome(cell(tmp_path), "failed", reason='=HYPERLINK("x"),\n"quoted"', scores={"@sum": -1.5})
    (row,) = rows(tmp_path / "results.csv", [outcome])
    assert row["reason"] == '\'=HYPERLINK("x"),\n"quoted"'
    assert row["'@sum"] == "-1.5"


def test_a_row_has_the_primary_score_beside_its_floor_and_ceiling(tmp_path):
    references = {"real": {"frechet": 0.1}, "baseline": {"frechet": 0.5}, "untrained": {"frechet": 9.0}}
    finished = Outcome(
        cell(tmp_path), "finished", final=0.4, scores={"frechet": 2.0, "modes": 7.0}, references=references
    )
    pending = Outcome(cell(tmp_path, 1), "pending")
    first, second = rows(tmp_path / "results.csv", [finished, pending])
    assert [first[k] for k in ("primary", "raw", "floor", "baseline", "ceiling", "scaled_final", "modes")] == [
        "frechet", "2.0", "9.0", "0.5", "0.1", "0.4", "7.0",
    ]  # fmt: skip
    assert (second["primary"], second["raw"], second["modes"], second["status"]) == ("frechet", "", "", "pending")
