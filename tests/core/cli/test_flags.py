"""What the shared flags do."""

import pytest

from command_line import RING, Call
from detente.cli import flags
from detente.plugins import Host, discover
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin


def test_a_plugin_can_be_left_out(call: Call) -> None:
    others = [p.origin.plugin for p in discover().plugins if p.origin.plugin != "core"]
    if not others:
        pytest.skip("there is no plugin but the core's own")
    listed = call("plugins", "--no-plugin", others[0], "--json").data["plugins"]
    assert {p["name"]: p["status"] for p in listed}[others[0]] == "blocked"


def test_a_component_of_a_failed_plugin_ends_with_3(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = Origin("bad", "detente-bad", "1")
    lost = Entry("regularizer", "soothe", "bad:Soothe", None, "", {}, origin)
    failed = Plugin(origin, "failed", (lost,), "It broke.")
    monkeypatch.setattr(flags, "discover", lambda block: Host([*discover(block).plugins, failed]))
    done = call(*RING, "--reg", "soothe")
    assert done.code == 3
    assert "which was not loaded: It broke." in done.err


@pytest.mark.parametrize(
    ("text", "found"),
    [(None, None), ("", []), ("wandb", ["wandb"]), (" tensorboard, wandb ,", ["tensorboard", "wandb"])],
)
def test_a_list_with_commas_is_read_without_blanks(text: str | None, found: list[str] | None) -> None:
    assert flags.names(text) == found
