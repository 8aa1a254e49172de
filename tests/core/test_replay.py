"""A run is trained again from its record, and every number of its log compared."""

import json
import shutil
from pathlib import Path

import pytest

from bench import replay
from detente import plugins
from detente.experiments import compare as study
from searches import SMALL, InProcess

KEPT = ("recipe.yaml", "run.json", "metrics.jsonl")


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory, module_cache) -> Path:
    """What is committed of a study's cell."""
    out = tmp_path_factory.mktemp("studies") / "one"
    how = {"sets": SMALL, "flags": {"steps": 40}, "executor": InProcess(), "host": plugins.host()}
    study.compare(["dirac"], ["r1"], [3], out=out, **how)
    trained = next(out.rglob("run.json")).parent
    kept = tmp_path_factory.mktemp("docs") / "3"
    kept.mkdir()
    for name in KEPT:
        shutil.copy(trained / name, kept)
    return kept


@pytest.fixture
def changed(cell: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(cell, tmp_path / "changed"))


def test_on_the_same_machine_a_run_comes_to_the_same_bits(cell, capsys):
    before = {path.name: path.read_bytes() for path in cell.iterdir()}
    assert replay.main([str(cell)]) == 0
    count = len((cell / "metrics.jsonl").read_text().splitlines())
    assert count >= 4 and f"all {count} lines of its log are the same to the bit" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in cell.iterdir()} == before


def test_a_last_digit_that_differs_is_found_and_what_else_does_is_said(changed, capsys):
    lines = [json.loads(line) for line in (changed / "metrics.jsonl").read_text().splitlines()]
    line = next(line for line in lines if line["step"] == 20 and "terms" in line)
    true = line["terms"]["D/adversarial"]
    line["terms"]["D/adversarial"] = true * (1 + 1e-15)
    lines[-1]["seconds"] = 1e9
    (changed / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    info = json.loads((changed / "run.json").read_text())
    info["versions"]["torch"] = "1.13"
    (changed / "run.json").write_text(json.dumps(info))
    assert replay.main([str(changed)]) == 1
    said = capsys.readouterr().out
    assert f"step 20: terms.D/adversarial was {true * (1 + 1e-15)} and is {true} (the first of 1 numbers" in said
    assert "torch was 1.13 and is 2." in said


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ([{"step": 1, "a": 1.0}], [{"step": 1, "a": 1.0, "seconds": 2}], []),
        ([{"step": 1}, {"step": 2}], [{"step": 1}], ["step 2 is missing now"]),
        ([{"step": 1}], [{"step": 1}, {"step": 2}], ["step 2 is new"]),
        ([{"step": 1, "a": {"b": None}}], [{"step": 1, "a": {"b": 0.0}}], ["step 1: a.b was None and is 0.0"]),
        ([{"step": 1, "a": 0.1}], [{"step": 1}], ["step 1: a was 0.1 and is absent"]),
    ],
)
def test_whatever_a_log_says_is_compared_but_for_clocks(was, now, said):
    assert list(replay.differences(was, now)) == said


def test_what_cannot_be_trained_again_is_said(changed, tmp_path, capsys):
    assert replay.main([]) == replay.main([str(tmp_path / "nothing")]) == 2
    assert replay.main([str(changed), str(changed)]) == 2
    (changed / "metrics.jsonl").unlink()
    assert replay.main([str(changed)]) == 2
    assert "came to its end with a log" in capsys.readouterr().err
