"""Progress on narrow terminals: step and time left stay, terms of the loss go."""

import re
import sys
from pathlib import Path

import pytest

from detente.cli.display import Session
from detente.cli.progress import board, progress
from detente.experiments.executors.base import Board, CellProgress
from detente.hookspecs import RunView
from detente.results.cells import Arm, Cell

TERMS = {"D/adversarial": 1.25, "G/adversarial": 0.5, "D/r1": 0.03125, "D/gradient_norm": 12.5}


@pytest.fixture(params=[60, 80, 160])
def columns(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("LINES", "24")
    return request.param


def drawn(text: str) -> list[str]:
    return [
        line.rstrip() for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "\n", text)) if line.strip()
    ]


@pytest.mark.parametrize("steps", [10, 2000, 250_000])
def test_a_run_keeps_step_and_time_left(
    columns: int, steps: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress(Session([])) as show:
        for step in (1, steps // 2):
            show(RunView(Path(), {}, steps, "modes", step, terms=TERMS))
    lines = drawn(capsys.readouterr().err)
    last = next(line for line in reversed(lines) if "remaining" in line)
    assert f"{steps // 2}/{steps}" in last
    assert re.search(r"remaining \S*\d:\d\d|remaining -:--:--", last)
    assert all(len(line) <= columns for line in lines)
    told = [name for name in TERMS if name in last]
    assert told == list(TERMS)[: len(told)]
    assert (len(told) == len(TERMS)) == (columns == 160)
    assert all(f"{name} {value:.4g}" in last for name, value in TERMS.items() if name in told)  # none is cut


def test_a_study_keeps_them_too(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    cell = Cell("molecule", Arm("gradient-penalty(space=embedding)+" * 3 + "r1", "slug"), 11, Path())
    running = CellProgress(cell, "running", 1200, 4000, 0.5, 90.0)
    with board(Session([])) as show:
        show(Board((running,), 3, 1.0, 90.0, ()))
    lines = drawn(capsys.readouterr().err)
    line = next(line for line in lines if "1200/4000" in line)
    assert line.startswith("  molecule / ")
    assert line.endswith("remaining")
    assert len(line) <= columns
    assert "4 runs, 1.0 s, 1:30 remaining: 1 running" in lines[0]
