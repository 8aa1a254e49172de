"""`doctor` with a folder."""

from pathlib import Path

import pytest

from choices import LEVELS, written
from command_line import RING, Call
from detente import cli
from pages import write_cell, write_study


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose generator stands still, with a penalty that does nothing."""
    folder = tmp_path_factory.mktemp("doctor") / "run"
    faults = ["--set", "generator.optimizer.lr=1e-12", "--reg", "d:r1(gamma=1e-13)", "--set", "samples=150"]
    metrics = ["--set", "metrics=[modes, frechet]", "--steps", "40"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        assert cli.main([*RING, *faults, *metrics, "--folder", str(folder), "-q"]) == 0
    return folder


def test_a_run_is_told_what_went_wrong_worst_first_and_what_to_type(call: Call, still: Path) -> None:
    done = call("doctor", still)
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["stands-still", "penalty-dead"]
    assert "(0.001 or less is wrong)" in lines[0] and f"detente train --recipe {still}/recipe.yaml --set" in lines[0]


def test_as_json_with_measure_and_threshold(call: Call, still: Path) -> None:
    found = call("doctor", still, "--json").data["found"]
    assert [each["code"] for each in found] == ["stands-still", "penalty-dead"]
    assert found[1]["value"] < found[1]["threshold"] == 1e-6 and not found[1]["above"]


def test_a_run_without_a_fault(call: Call, trained: Path) -> None:
    done = call("doctor", trained)
    assert done.code == 0 and "evaluation-small" in done.out and done.out.count("\n") == 1


def test_a_study_is_told_by_arm_in_how_many_of_its_runs(call: Call, tmp_path: Path) -> None:
    study = write_study(tmp_path / "study")
    for cell in study.cells:
        write_cell(cell, "finished", (0.9, 0.1) if cell.arm.text == "r1" and cell.seed else (0.2, 0.5))
    done = call("doctor", study.folder)
    assert done.code == 0, done.err
    assert "pair    r1   undone  1 of 2 runs" in done.out and "1 of 2 arms without a finding" in done.out
    none, r1 = call("doctor", study.folder, "--json").data["arms"]
    assert none == {"domain": "pair", "arm": "none", "runs": 2, "found": {}}
    assert r1["found"]["undone"] == [str(study.cells[-1].folder)]


def test_a_selection_is_told_too_and_what_is_damaged_of_it(call: Call, tmp_path: Path) -> None:
    choice = written(tmp_path / "choice", LEVELS, most=2)
    done = call("doctor", choice.folder)
    assert done.code == 0 and "arms without a finding" in done.out, done.err
    choice.content["findings"] = 7
    choice.write()
    said = f"{choice.path}: findings: should be a list, but is 7; it is left out."
    done = call("doctor", choice.folder)
    assert (done.code, done.out.splitlines()[-1]) == (0, said)
    assert call("doctor", choice.folder, "--json").data["damaged"] == [said]


@pytest.mark.parametrize("name", ["nothing", "."])
def test_what_is_no_run_is_refused(call: Call, name: str) -> None:
    done = call("doctor", name)
    assert done.code == 2 and "not the folder of a run" in done.err
