"""Progress on terminals and elsewhere."""

import sys
from pathlib import Path

import pytest

from detente.cli.display import Session
from detente.cli.progress import progress, warm_up
from detente.hookspecs import RunView


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_a_bar_and_colour_unless_it_declines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, colour: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    session = Session([])
    with progress(session) as show:
        show(RunView(Path(), {}, 10, "modes", 5, terms={"D/adversarial": 1.0}, scores={"modes": 3.0}, scaled=0.5))
    session.error("It broke.")
    shown = capsys.readouterr().err
    assert "5/10" in shown
    assert "modes 3  scaled 0.5" in shown
    assert ("\x1b[1;31m" in shown) == colour
    assert "Error:" in shown


def test_without_a_terminal_there_is_a_line_at_each_evaluation_and_none_when_quiet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for quiet in (False, True):
        session = Session([])
        session.quiet = quiet
        with progress(session) as show:
            for step in (1, 5, 6):
                scaled = 0.5 if step >= 5 else None
                show(RunView(Path(), {}, 10, "modes", step, scores={"modes": 3.0} if scaled else {}, scaled=scaled))
        shown = capsys.readouterr().err.splitlines()
        assert [line.partition("  ")[0] for line in shown] == ([] if quiet else ["step 5/10"])
        assert all("modes 3  scaled 0.5" in line and line.endswith(" remaining") for line in shown)


def test_a_warm_up_is_shown_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with warm_up(Session([])) as show:
        show(1, 10)
        show(2, 10)  # too soon after
    assert capsys.readouterr().err == "warm-up 1/10\n"
