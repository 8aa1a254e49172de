"""What `detente plugins` says, as data and as text."""

import json
from pathlib import Path

import pytest

from detente.errors import PluginError, UsageError
from detente.plugins import Host
from detente.plugins.listing import COMBINATORS, listing, render_listing, render_shown, show
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin
from distributions import ask

MINE = Origin("mine", "my-package", "1.2")


CALM = Entry("regularizer", "calm", "builtins:int", None, "keeps quiet", {}, MINE)


GONE = Entry("regularizer", "gone", "no_such_module:A", None, "", {"paper": "2018"}, MINE)


LOST = Entry("regularizer", "lost", "builtins:int", None, "", {}, Origin("bad", "bad-one", "3"))


@pytest.fixture
def small_host() -> Host:
    return Host(
        [
            Plugin(MINE, "ok", (CALM, GONE)),
            Plugin(LOST.origin, "failed", (LOST,), "It broke.", "Traceback: …"),
            Plugin(Origin("away", "far-away", "4"), "blocked"),
        ]
    )


def test_the_listing_is_json_and_its_text_has_aligned_columns(small_host: Host) -> None:
    data = listing(small_host)
    assert json.loads(json.dumps(data)) == data
    assert render_listing(data) == (
        "plugins\n"
        "  mine  ok       my-package  1.2\n"
        "  bad   failed   bad-one     3\n"
        "  away  blocked  far-away    4\n"
        "\n"
        "regularizer\n"
        "  calm  my-package 1.2  keeps quiet\n"
        "  gone  my-package 1.2\n"
        "\n"
        "combinators\n" + "".join(f"  {name:8}  {summary}\n" for name, summary in COMBINATORS.items()) + "\n"
        "bad (bad-one 3): failed\n"
        "  It broke.\n"
    )


def test_showing_a_plugin_tells_what_it_declares_and_why_it_failed(small_host: Host) -> None:
    assert "declares regularizer 'calm'" in render_shown(show(small_host, "mine"))
    text = render_shown(show(small_host, "bad_one"))
    assert "It broke." in text
    assert "Traceback: …" in text
    assert "lost regularizer 'lost'" in text


def test_showing_a_regularizer_lists_its_options(installed: Path) -> None:
    code = (
        "from detente.plugins.listing import render_shown, show\n"
        "shown = show(discover(), 'calm')\n"
        "answer = [shown['entries'][0]['options'], render_shown(shown)]"
    )
    options, text = ask(installed, code)
    assert options == [
        {"name": "weight", "type": "float", "required": False, "default": "0.5"},
        {"name": "every", "type": "int", "required": False, "default": "1"},
    ]
    assert "    weight  float  = 0.5\n    every   int    = 1\n" in text
    assert "Keeps the critic quiet." in text


def test_showing_a_target_that_cannot_be_imported_shows_its_error(small_host: Host) -> None:
    entry = show(small_host, "gone")["entries"][0]
    assert entry["options"] is None
    assert "No module named 'no_such_module'" in entry["error"]


def test_showing_an_unknown_or_a_lost_name_is_refused(small_host: Host) -> None:
    with pytest.raises(UsageError, match="Did you mean 'calm'"):
        show(small_host, "clam")
    with pytest.raises(PluginError, match=r"'lost' belongs to plugin 'bad' \(bad-one 3\)"):
        show(small_host, "lost")
