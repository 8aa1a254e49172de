"""`plugins`, `data` and `doctor`."""

import os
from pathlib import Path

import pytest

from command_line import Call
from detente.cli import flags
from detente.plugins import Host, discover
from detente.plugins.loader import Plugin
from detente.plugins.registry import Origin


def test_plugins_are_listed_and_shown(call: Call) -> None:
    assert "spectral-norm" in call("plugins").out
    assert call("plugins", "--json").data["plugins"][0]["name"] == "core"
    assert "gamma" in call("plugins", "show", "r1").out
    assert call("plugins", "show", "r1", "--json").data["entries"][0]["name"] == "r1"
    assert call("plugins", "--json", "show", "r1").data["entries"][0]["name"] == "r1"


def test_data_sets_are_listed_with_licence_and_prepared(call: Call) -> None:
    ring = next(each for each in call("data", "--json").data["data"] if each["name"] == "ring")
    assert ring["licence"] == "public domain"
    assert "ring\n" in call("data").out
    assert call("data", "get", "ring", "--json").data["samples"] == 20000
    assert call("data", "get", "ring/ring", "--json").code == 0


def test_doctor_finds_this_machine_well(call: Call) -> None:
    done = call("doctor", "--json")
    assert {check["what"] for check in done.data["checks"]} >= {"python", "torch", "cache", "disk", "plugin core"}
    assert done.code == (3 if done.data["broken"] else 0)


def test_doctor_says_what_is_broken(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Plugin(Origin("bad", "detente-bad", "1"), "failed", error="It broke.")
    monkeypatch.setattr(flags, "discover", lambda block: Host([*discover(block).plugins, failed]))
    Path("file").touch()
    monkeypatch.setenv("DETENTE_CACHE", "file/cache")
    done = call("doctor")
    assert done.code == 3
    assert "broken  plugin bad" in done.out
    assert "file: is a file, not a folder. Set DETENTE_CACHE to another folder" in done.out
    assert "2 broken" in done.out


@pytest.mark.parametrize(
    ("cache", "said"),
    [
        ("file", "file: is a file, not a folder. Set DETENTE_CACHE to another folder"),
        ("pipe/x", "pipe: is a named pipe, not a folder. Set DETENTE_CACHE to another folder"),
        ("L" * 300, "its name is too long. Set DETENTE_CACHE to another folder"),
        ("a\nb", "a⟨U+000A⟩b can be written"),
    ],
)
def test_doctor_says_what_is_wrong_with_the_cache(
    call: Call, monkeypatch: pytest.MonkeyPatch, cache: str, said: str
) -> None:
    Path("file").touch()
    os.mkfifo("pipe")
    monkeypatch.setenv("DETENTE_CACHE", cache)
    done = call("doctor", "--json")
    (found,) = [check["found"] for check in done.data["checks"] if check["what"] == "cache"]
    assert found.endswith(said) and done.code == (0 if cache == "a\nb" else 3)
