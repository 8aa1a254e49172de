"""What was begun before the house was rebuilt goes on after it, to the same numbers.

`tests/fixtures/first-floor` holds a run, a study and a search that commit 1dc667e left as a kill would have: one run of
each stops at step 30 of 40, others are not begun. `expected.json` has what that commit came to without the kill.
"""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from detente import cli

OLD = Path(__file__).parents[1] / "fixtures" / "first-floor"
EXPECTED = json.loads((OLD / "expected.json").read_text(encoding="utf-8"))
TIMED = {"seconds", "seconds_per_step", "memory_bytes"}
LATER = {"setting", "scaled_tail", "examined"}
"""Columns that results had not then, and entries of a run's log."""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    shutil.copytree(OLD, tmp_path / "old")
    for begun in (tmp_path / "old").rglob("checkpoints"):
        begun.with_name("samples").mkdir()  # git keeps no empty folder, and the pictures are not needed
    return tmp_path / "old"


def same(found: Any, expected: Any, where: str = "") -> None:
    """Equal but for rounding: another processor may sum in another order, and 10 steps let that grow a little."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key in expected:
            same(found[key], expected[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            same(a, b, f"{where}[{i}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-6), where
    else:
        assert found == expected, where


def rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: _number(v) for k, v in row.items() if k not in TIMED | LATER} for row in csv.DictReader(file)]


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def numbers(expected: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [{k: _number(v) for k, v in row.items()} for row in expected]


def test_an_old_run_resumes_from_its_checkpoint(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["resume", str(old / "run"), "-q"]) == 0
    assert capsys.readouterr().err.count("does not say which data it was trained on; they may have changed since.") == 1
    lines = [json.loads(line) for line in (old / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:  # what was written before the resume has the score's old name
        if "scores" in line:
            line["scores"] = {{"modes-kl": "kl"}.get(name, name): value for name, value in line["scores"].items()}
    known = TIMED | LATER
    same([{k: v for k, v in line.items() if k not in known} for line in lines], EXPECTED["run"])


@pytest.mark.slow
def test_an_old_study_resumes_what_is_unfinished(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished = sorted(old.glob("study/cells/*/*/0/run.json"))
    before = [path.read_bytes() for path in finished]
    assert cli.main(["resume", str(old / "study"), "--jobs", "1"]) == 0
    assert capsys.readouterr().err.count("pair: runs of an earlier version do not say which data they were") == 1
    same(rows(old / "study" / "results.csv"), numbers(EXPECTED["study"]))
    assert [path.read_bytes() for path in finished] == before


@pytest.mark.slow
def test_an_old_search_resumes_at_its_fresh_seeds(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["resume", str(old / "search"), "--jobs", "1"]) == 0
    assert capsys.readouterr().err.count("pair: runs of an earlier version do not say which data they were") == 1
    same(rows(old / "search" / "results.csv"), numbers(EXPECTED["search"]["results"]))
    same(json.loads((old / "search" / "trials.json").read_text(encoding="utf-8")), EXPECTED["search"]["trials"])


@pytest.mark.parametrize("name", ["run", "study", "search"])
def test_an_old_folder_has_a_report(old: Path, name: str) -> None:
    assert cli.main(["report", str(old / name), "-q"]) == 0
    assert "<html" in (old / name / "report.html").read_text(encoding="utf-8")
