"""Tables of what is on disk."""

import subprocess
import sys

import pytest

from detente import results
from detente.errors import UsageError
from detente.results import reading
from pages import EVIL, write_cell, write_study


@pytest.fixture
def study(tmp_path):
    found = write_study(tmp_path / "study", ["none", EVIL], domains=["a", "b"], seeds=range(7))
    for cell in found.cells:
        write_cell(cell, "finished", (0.1, 0.3 + 0.2 * (cell.arm.text == EVIL) + 0.01 * (cell.seed * 3 % 7)))
        cell.run.record({"directions": {"frechet": "lower", EVIL: "higher"}})
    write_cell(found.cells[3], "diverged", (0.2,))
    write_cell(found.cells[4], "failed", (), error="broken")
    return found


def test_a_study_is_read_as_tidy_tables(study):
    found = results.read(study.folder, pandas=False)
    assert len(found.runs) == 28
    assert [(row["seed"], row["status"], row["scaled"]) for row in found.runs[2:5]] == [
        (2, "finished", pytest.approx(0.36)),
        (3, "diverged", 0.0),
        (4, "failed", None),
    ]
    assert all(row["arm"] in ("none", EVIL) for row in found.runs)
    assert {tuple(row) for row in found.runs} == {tuple(found.runs[0])}  # one set of columns
    assert [(row["domain"], row["arm"], row["against"]) for row in found.verdicts] == [
        ("a", EVIL, "none"),
        ("b", EVIL, "none"),
    ]
    assert found.verdicts[1]["claimed"] == 1 and found.verdicts[1]["mean"] == pytest.approx(0.2)
    assert found.verdicts[1]["pairs"] == 7 and found.verdicts[0]["pairs"] == 6


def test_scores_are_long_with_their_direction_and_reference_rows_among_them(study):
    rows = results.read(study.folder, pandas=False).scores
    own = [row for row in rows if row["domain"] == "b" and row["seed"] == 0]
    assert {row["arm"] for row in own if row["reference"]} == {"real", "baseline", "untrained"}
    (score,) = [row for row in own if (row["arm"], row["score"]) == ("none", "frechet")]
    assert (score["value"], score["direction"], score["reference"]) == (pytest.approx(1.7), "lower", False)


def test_curves_hold_each_number_that_was_measured_at_its_step(study):
    rows = results.read(study.folder, pandas=False).curves
    own = [r for r in rows if (r["domain"], r["arm"], r["seed"]) == ("b", "none", 0)]
    assert [(r["step"], r["value"]) for r in own if r["name"] == "scaled"] == [(10, 0.1), (20, pytest.approx(0.3))]
    assert [r["step"] for r in own if r["name"] == "D/adversarial"] == [5, 10, 15]
    assert not [r for r in own if r["name"] == f"D/{EVIL}"]  # None in the log is not measured, and no row


@pytest.mark.parametrize("of", ["run", "runs"])
def test_a_run_and_a_folder_of_runs_are_read_too(study, of):
    cell = study.cells[0]
    cell.run.recipe.write_text("domain: ring\nseed: 4\ndiscriminator: {regularizers: {r1: {gamma: 1}}}\n")
    for other in study.cells[1:7]:
        other.run.recipe.write_text("domain: ring\nseed: 5\n")
    found = results.read(cell.folder if of == "run" else cell.folder.parent, pandas=False)
    assert len(found.runs) == (1 if of == "run" else 7)
    assert (found.runs[0]["domain"], found.runs[0]["arm"], found.runs[0]["seed"]) == ("ring", "d:r1", 4)
    assert of == "run" or found.runs[1]["arm"] == "none"
    assert found.verdicts == []


def test_what_is_none_of_these_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no study, search or run"):
        results.read(tmp_path)


def test_with_pandas_tables_are_frames_and_without_it_lists(study, monkeypatch):
    pandas = pytest.importorskip("pandas")
    found = results.read(study.folder)
    assert isinstance(found.runs, pandas.DataFrame)
    means = found.runs[found.runs.domain == "b"].groupby("arm").scaled.mean()
    assert means[EVIL] - means["none"] == pytest.approx(0.2)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert isinstance(results.read(study.folder).runs, list)
    with pytest.raises(ImportError):
        results.read(study.folder, pandas=True)
    assert repr(results.read(study.folder)).startswith("28 runs, ")


def test_an_empty_table_has_its_columns():
    pandas = pytest.importorskip("pandas")
    made = reading._maker(True)([], ("a", "b"))
    assert isinstance(made, pandas.DataFrame) and list(made.columns) == ["a", "b"]


@pytest.mark.slow
def test_reading_needs_no_torch(study):
    code = f"from detente import results; results.read({str(study.folder)!r})"
    subprocess.run([sys.executable, "-c", f"import sys; {code}; assert 'torch' not in sys.modules"], check=True)
