"""One run of an experiment, as its folder tells it."""

from detente.hookspecs import CellView
from detente.training.run_folder import Run
from searches import cell


def test_a_cell_without_a_record_is_pending_and_afterwards_what_its_record_says(tmp_path):
    own = cell(tmp_path)
    assert (own.info, own.status) == ({}, "pending")
    Run.create(own.folder, "steps: 10\n", {})
    assert own.status == "running"
    own.run.record({"status": "failed", "error": "It broke."})
    assert own.status == "failed"
    assert own.view == CellView(own.folder, "pair", "none", 0, "failed", "It broke.")


def test_a_damaged_record_is_no_record(tmp_path):
    own = cell(tmp_path)
    (own.folder / "run.json").write_text("{")
    assert (own.info, own.status, own.view.error) == ({}, "pending", None)


def test_a_cell_is_named_by_its_domain_its_arm_and_its_seed(tmp_path):
    assert str(cell(tmp_path, 7)) == "pair / none / seed 7"
