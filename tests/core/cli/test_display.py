"""What goes to standard output and to standard error."""

import importlib.metadata
import logging

import pytest

from command_line import RING, Call
from detente.cli import display
from detente.cli.display import Session, messages
from detente.plugins.loader import Installed
from detente.plugins.registry import Origin


def test_what_a_plugin_warns_of_is_shown_whatever_its_package_is_called(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    point = importlib.metadata.EntryPoint("rhythm", "stranger.plugin", "detente")
    found = Installed(Origin("rhythm", "stranger", "1.0"), point)
    monkeypatch.setattr(display, "installed", lambda: [found])
    with display.messages(display.Session([])):
        logging.getLogger("stranger.data").warning("three lines cannot be read")
        logging.getLogger("somebody.else").warning("not ours")
        logging.getLogger("detente.domains.cache").warning("not kept")
    assert capsys.readouterr().err == "Warning: three lines cannot be read\nWarning: not kept\n"


def test_json_is_all_that_stands_on_standard_output(call: Call) -> None:
    done = call(*RING, "--json")
    assert done.data["status"] == "finished"
    assert done.data["run"] == "runs/00001-ring-none"
    assert done.data["final"]["scores"].keys() >= {"modes"}


def test_warnings_of_plugins_and_progress_of_preparation_are_shown_unless_it_is_quiet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for quiet in (False, True):
        session = Session([])
        session.quiet = quiet
        with messages(session):
            logging.getLogger("detente_stranger.data").warning("skipped 1 file")
            logging.getLogger("detente.progress").info("decoded 1 of 2")
            logging.getLogger("unrelated").warning("not ours")
        shown = capsys.readouterr().err.splitlines()
        assert shown == ["Warning: skipped 1 file"] + ([] if quiet else ["decoded 1 of 2"])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "0.2 s"), (42, "42 s"), (60, "1:00"), (185, "3:05"), (7385, "2:03:05")]
)
def test_a_duration_has_no_more_parts_than_it_needs(seconds: float, text: str) -> None:
    assert display.duration(seconds) == text


def test_a_score_that_is_missing_is_a_dash_and_the_primary_one_is_marked() -> None:
    text = display.scores_table({"modes": 3.0, "quality": float("nan")}, {"real": {"modes": 8.0}}, "modes")
    assert text.splitlines() == [
        "score    generator  real",
        "modes *  3          8",
        "quality  –          –",
        "* primary score, used for comparisons",
    ]
