"""The page of a run."""

from detente.recipe.document import dump
from detente.report import run_report
from detente.results.cells import Arm, Cell
from detente.training.run_folder import Run
from pages import EVIL, PNG, Page, write_cell


def test_the_report_of_a_run_has_scores_terms_samples_recipe_and_command(tmp_path):
    cell = Cell("pair", Arm("none", "none"), 0, tmp_path / "run <b>")
    write_cell(cell, "finished", suffix=".png", content=PNG)
    (cell.folder / "recipe.yaml").write_text(dump({"note": EVIL}))
    cell.run.record({"argv": ["detente", "train", "pair", "--set", EVIL]})
    found = Page(run_report(cell.run).read_text(encoding="utf-8"))
    assert len(found.all("script")) == 1
    assert "Scaled score 0.50 after 20 steps" in found.text
    for row in ("real data (ceiling)", "baseline", "untrained (floor)"):
        assert row in found.text
    assert "D/adversarial" in found.text
    assert len(found.all("img")) == 2
    assert "detente train pair --set $'<script>" in found.text
    assert "note:" in found.text


def test_the_report_of_a_run_that_failed_at_once_says_why(tmp_path):
    run = Run.create(tmp_path / "run", "steps: 1\n", {"status": "failed", "error": "The data are gone."})
    assert "The data are gone." in Page(run_report(run).read_text(encoding="utf-8")).text


def test_the_report_of_a_run_says_whose_the_data_are_and_what_is_to_be_known_of_them(tmp_path):
    told = {"licence": f"CC BY {EVIL}", "source": "a box", "notes": ["skipped 2 of 9 files"]}
    run = Run.create(tmp_path / "run", "steps: 1\n", {"status": "failed", "data": told})
    found = Page(run_report(run).read_text(encoding="utf-8"))
    assert "Licence: CC BY" in found.text and "From a box" in found.text and "skipped 2 of 9 files" in found.text
    assert len(found.all("script")) == 1
