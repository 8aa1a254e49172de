"""From installed distributions to plugins: each is loaded whole or not at all."""

import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from detente.errors import PluginError
from detente.hookspecs import hookimpl
from detente.plugins import Host
from detente.plugins.loader import Installed, Plugin, load, observer
from detente.plugins.registry import Origin, Registry
from distributions import ask, install, run_with
from observers import MINE
from sample_plugins import BROKEN, OTHER, one_module


def test_five_broken_plugins_leave_the_sound_ones_working(
    all_plugins: dict[str, dict[str, Any]],
) -> None:
    status = {name: plugin["status"] for name, plugin in all_plugins.items()}
    assert {name for name, state in status.items() if state == "failed"} == {
        distribution.name for distribution in BROKEN
    }
    assert status["good"] == status["other"] == status["rival"] == "ok"


@pytest.mark.parametrize(
    ("name", "version", "reason"),
    [
        ("broken-exit", "0.1", "Importing 'broken_exit' raised SystemExit: 7."),
        ("broken-hook", "0.2", "detente_register_regularizers raised RuntimeError: no more."),
        ("broken-import", "0.3", "No module named 'package_that_nobody_installed'"),
        ("broken-signature", "0.4", "Argument(s) {'reg'} are declared in the hookimpl"),
        ("broken-spelling", "0.5", "Did you mean 'detente_register_regularizers'?"),
    ],
)
def test_a_broken_plugin_is_named_with_distribution_version_and_reason(
    all_plugins: dict[str, dict[str, Any]], name: str, version: str, reason: str
) -> None:
    plugin = all_plugins[name]
    assert (plugin["distribution"], plugin["version"]) == (name, version)
    assert reason in plugin["error"]
    assert "Traceback (most recent call last)" in plugin["traceback"]


def test_plugins_come_in_order_of_distribution_after_the_core(
    all_plugins: dict[str, dict[str, Any]],
) -> None:
    names = [p["distribution"] for p in all_plugins.values() if p["distribution"] != "detente"]
    assert names == sorted(names)
    if "core" in all_plugins:
        assert next(iter(all_plugins)) == "core"


def test_what_a_plugin_prints_while_loading_goes_to_stderr(installed: Path) -> None:
    done = run_with(installed, "from detente.plugins import discover; discover()")
    assert done.stdout == ""
    assert "printed while being imported" in done.stderr


def test_a_damaged_distribution_harms_no_other(tmp_path: Path) -> None:
    target = tmp_path / "target"
    install([one_module("detente-other", "2.0", OTHER)], tmp_path, target)
    for name, text in (("stranger", "[x]\nno equals sign"), ("torn", "[detente]\nno equals sign")):
        info = target / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(text)
    code = "answer = {p.origin.plugin: [p.status, p.error, p.origin.version]\n          for p in discover().plugins}"
    plugins = ask(target, code)
    assert plugins["other"][0] == "ok"
    assert plugins["torn"][0::2] == ["failed", "1.0"]
    assert plugins["torn"][1].startswith("Its entry_points.txt cannot be read")
    assert "stranger" not in plugins


def load_namespace(monkeypatch: pytest.MonkeyPatch, **functions: object) -> Plugin:
    module = types.ModuleType("plugin_under_test")
    vars(module).update(functions)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    point = EntryPoint("mine", module.__name__, "detente")
    return load(Installed(Origin("mine", "my-package", "1.2"), point))


@hookimpl
def detente_register_regularizers(registry: Registry) -> None:
    registry.add("calm", "builtins:int")


def unmarked(registry: Registry) -> None: ...


@hookimpl
def blind() -> None: ...


@hookimpl
async def asynchronous(registry: Registry) -> None: ...


@hookimpl
def hasty(registry: Registry) -> None:
    registry.add("fine", "builtins:int")
    registry.add("Not Fine", "builtins:int")


@hookimpl(optionalhook=True)
def detente_of_the_future(run: object) -> None: ...


def test_an_optional_hook_of_a_later_version_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = load_namespace(
        monkeypatch,
        detente_register_regularizers=detente_register_regularizers,
        detente_of_the_future=detente_of_the_future,
    )
    assert (plugin.status, [entry.name for entry in plugin.entries]) == ("ok", ["calm"])


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        ({"detente_register_models": unmarked}, "detente_register_models is not marked as a hook"),
        ({"detente_runs": unmarked}, "detente_runs is not a hook."),
        ({}, "It implements no hook"),
        ({"detente_register_models": blind}, "let it take `registry`"),
        (
            {"detente_register_models": hasty},
            "detente_register_models registry.add('fine') for a model has no domain",
        ),
        (
            {"detente_register_objectives": hasty},
            "detente_register_objectives registry.add('Not Fine') for an objective has an invalid",
        ),
    ],
)
def test_a_plugin_with_a_mistake_is_left_out_whole(
    monkeypatch: pytest.MonkeyPatch, functions: dict[str, object], reason: str
) -> None:
    plugin = load_namespace(monkeypatch, **functions)
    assert plugin.status == "failed"
    assert reason in (plugin.error or "")
    assert Host([plugin]).entries() == []


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")  # never awaited: that is the point
def test_a_hook_whose_body_never_runs_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = load_namespace(monkeypatch, detente_register_models=asynchronous)
    assert plugin.error == ("detente_register_models returned a coroutine: declare with registry.add instead.")


def test_ctrl_c_while_a_plugin_loads_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    @hookimpl
    def interrupted(registry: Registry) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_namespace(monkeypatch, detente_register_models=interrupted)


def test_an_observer_with_a_misspelt_hook_or_without_any_is_refused() -> None:
    class Misspelt:
        @hookimpl
        def detente_log(self) -> None: ...

    class Silent: ...

    with pytest.raises(PluginError, match="detente_log is not a hook"):
        observer(Misspelt(), MINE)
    with pytest.raises(PluginError, match="implements no hook"):
        observer(Silent(), MINE)
