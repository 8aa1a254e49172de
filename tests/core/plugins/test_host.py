"""The plugin host, met with distributions that pip really installed."""

import json
from pathlib import Path

import pytest

from detente.plugins import Host, host, set_host
from distributions import Distribution, ask, install, run_with
from sample_plugins import OTHER, git, one_module, refusal


@pytest.mark.parametrize(
    ("call", "plugin"),
    [
        ("entry('model', 'before', 'shapes')", "'broken-hook' (broken-hook 0.2)"),
        ("entry('regularizer', 'just-before')", "'broken-hook' (broken-hook 0.2)"),
        ("entry('objective', 'after')", "'broken-hook' (broken-hook 0.2)"),
        ("entry('model', 'mirage', 'shapes')", "'broken-spelling' (broken-spelling 0.5)"),
        ("entry('domain', 'broken-import')", "'broken-import' (broken-import 0.3)"),
    ],
)
def test_using_a_name_of_a_failed_plugin_says_that_it_failed(installed: Path, call: str, plugin: str) -> None:
    error, message = refusal(installed, call)
    assert error == "PluginError"
    assert plugin in message
    assert "not loaded" in message


def test_an_unknown_name_gets_a_suggestion_and_the_plugins_that_failed(installed: Path) -> None:
    error, message = refusal(installed, "entry('regularizer', 'clam')")
    assert error == "UsageError"
    assert message.startswith("There is no regularizer 'clam'. Did you mean 'calm'?")
    assert "Failed to load: 'broken-exit' (broken-exit 0.1), 'broken-hook' (broken-" in message


def test_an_unknown_domain_gets_a_suggestion(installed: Path) -> None:
    _, message = refusal(installed, "entry('model', 'blob', 'shape')")
    assert message.startswith("There is no domain 'shape'. Did you mean 'shapes'?")


def test_a_name_declared_twice_is_refused_when_used_naming_both(installed: Path) -> None:
    error, message = refusal(installed, "entry('regularizer', 'twin')")
    assert error == "PluginError"
    assert "detente-other 2.0 (plugin 'other') and detente-rival 3.1 (plugin 'rival')" in message
    assert "`--no-plugin detente-other` or `--no-plugin detente-rival`" in message


def test_blocking_one_of_two_rivals_makes_the_name_usable(installed: Path) -> None:
    code = "answer = discover(['detente-rival']).entry('regularizer', 'twin').distribution"
    assert ask(installed, code) == "detente-other"


def test_a_metric_of_every_domain_does_not_hide_behind_one_of_a_domain(installed: Path) -> None:
    _, message = refusal(installed, "entry('metric', 'roundness', 'shapes')")
    assert "metric 'roundness' of domain 'shapes' is declared by detente-good 1.0" in message
    assert "detente-rival 3.1" in message


def test_two_domains_may_give_data_the_same_name(installed: Path) -> None:
    code = "host = discover()\nanswer = [host.entry('data', 'folder', d).target for d in ('shapes', 'sounds')]"
    assert ask(installed, code) == ["good_heavy:Folder", "builtins:list"]


def test_entries_of_a_domain_are_its_own_and_those_without_one(installed: Path) -> None:
    code = "answer = [(e.kind, e.name) for e in discover().entries(domain='shapes')]"
    found = ask(installed, code, allow="good")
    assert ["model", "blob"] in found
    assert ["metric", "spread"] in found
    assert ["regularizer", "calm"] in found


def test_entries_of_a_domain_leave_out_those_of_others(installed: Path) -> None:
    code = "answer = [(e.kind, e.name) for e in discover().entries(domain='shapes')]"
    assert ["data", "folder"] not in ask(installed, code, allow="other")


def test_a_blocked_plugin_is_listed_and_its_module_never_imported(installed: Path) -> None:
    code = (
        "host = discover(block=['good', 'broken_import'])\n"
        "status = {p.origin.plugin: p.status for p in host.plugins}\n"
        "answer = [status['good'], status['broken-import'], status['other'],\n"
        "          'detente_good' in sys.modules, 'detente_other' in sys.modules, host.block]"
    )
    assert ask(installed, code) == [
        *["blocked", "blocked", "ok", False, True],
        ["good", "broken_import"],
    ]


@pytest.mark.parametrize(
    ("allow", "imported"),
    [("", []), ("good", ["good"]), (" detente-other ,good", ["good", "other"])],
)
def test_the_environment_lists_the_only_plugins_besides_the_core(
    installed: Path, allow: str, imported: list[str]
) -> None:
    code = (
        "answer = [p.origin.plugin for p in discover().plugins\n"
        "          if p.status != 'blocked' and p.origin.distribution != 'detente']"
    )
    assert ask(installed, code, allow) == imported


def test_a_name_of_a_blocked_plugin_is_unknown_and_the_block_is_mentioned(
    installed: Path,
) -> None:
    error, message = refusal(installed, "entry('regularizer', 'calm')", allow="other")
    assert error == "UsageError"
    assert "Blocked: " in message
    assert "'good' (detente-good 1.0)" in message


@pytest.mark.parametrize(
    ("allow", "block", "where"),
    [(None, "['goood']", "--no-plugin"), ("goood", "()", "DETENTE_PLUGINS")],
)
def test_blocking_or_allowing_an_unknown_plugin_is_refused_with_a_suggestion(
    installed: Path, allow: str | None, block: str, where: str
) -> None:
    done = run_with(installed, f"from detente.plugins import discover; discover({block})", allow)
    assert done.returncode == 1
    assert f"UsageError: {where} names 'goood', but no such plugin" in done.stderr
    assert "Did you mean 'good'?" in done.stderr


def test_an_observer_that_exits_is_reported_and_the_others_are_still_called(
    installed: Path,
) -> None:
    code = (
        "host = discover()\n"
        "failures = host.notify('detente_run_started', run='a run')\n"
        "host.notify('detente_evaluated', run='a run', step=1, scores={'fid': 2.0})\n"
        "import detente_good\n"
        "answer = [[(f.origin.distribution, f.hook, f.error) for f in failures],\n"
        "          detente_good.seen]"
    )
    failures, seen = ask(installed, code)
    assert failures == [
        [
            "detente-rival",
            "detente_run_started",
            "SystemExit: an observer that wants to stop everything",
        ]
    ]
    assert seen == ["a run", {"fid": 2.0}]


def test_discovery_needs_neither_torch_nor_much_time(installed: Path) -> None:
    code = (
        "import json, sys, time\n"
        "from detente.plugins import discover\n"
        "from detente.plugins.listing import listing, render_listing\n"
        "render_listing(listing(discover()))\n"
        "heavy = {'torch', 'numpy', 'pydantic', 'rich', 'typer', 'scipy'} & set(sys.modules)\n"
        "print(json.dumps([time.process_time(), sorted(heavy)]))"
    )
    answers = [json.loads(run_with(installed, code).stdout) for _ in range(3)]
    assert answers[0][1] == []
    # CPU time of a whole interpreter; the least of three, as a busy machine only ever adds.
    assert min(seconds for seconds, _ in answers) < 0.4


def test_provenance_of_an_editable_installation_has_its_commit(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    install([one_module("detente-other", "2.0", OTHER)], tmp_path, target)
    # What pip records for `pip install -e` (PEP 610).
    record = {"url": (repository / "plugin").as_uri(), "dir_info": {"editable": True}}
    info = target / "detente_other-2.0.dist-info"
    (info / "direct_url.json").write_text(json.dumps(record))
    code = (
        "host = discover()\n"
        "before = 'subprocess' in sys.modules\n"
        "entry = host.entry('regularizer', 'twin')\n"
        "answer = [before, host.provenance([entry, entry])]"
    )
    asked_git_before, provenance = ask(target, code, allow="other")
    assert not asked_git_before
    assert provenance == [
        {
            "kind": "regularizer",
            "name": "twin",
            "domain": None,
            "target": "builtins:int",
            "plugin": "other",
            "distribution": "detente-other",
            "version": "2.0",
            "commit": git(repository, "rev-parse", "HEAD"),
        }
    ]


CORE = Distribution(
    "detente",
    "9.9",
    {"stand_in.py": OTHER.replace("twin", "calm")},
    {"core": "stand_in"},
)


@pytest.fixture(scope="module")
def with_core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for the core's own distribution, beside one whose name sorts before it."""
    target = tmp_path_factory.mktemp("with_core")
    rival = one_module("a-rival", "1.0", OTHER.replace("twin", "calm"))
    install([CORE, rival], tmp_path_factory.mktemp("core_wheels"), target)
    return target


def test_the_core_comes_first_and_no_allow_list_leaves_it_out(with_core: Path) -> None:
    code = "answer = [(str(p.origin), p.status) for p in discover().plugins]"
    assert ask(with_core, code)[:2] == [["detente 9.9", "ok"], ["a-rival 1.0", "ok"]]
    assert ask(with_core, code, allow="")[:2] == [["detente 9.9", "ok"], ["a-rival 1.0", "blocked"]]


def test_the_core_cannot_be_blocked(with_core: Path) -> None:
    done = run_with(with_core, "from detente.plugins import discover; discover(['core'])")
    assert "UsageError: --no-plugin core: the core cannot be left out." in done.stderr


def test_a_name_that_the_core_declares_too_is_as_ambiguous_as_any(with_core: Path) -> None:
    error, message = refusal(with_core, "entry('regularizer', 'calm')")
    assert error == "PluginError"
    assert "by detente 9.9 (plugin 'core') and a-rival 1.0 (plugin 'a-rival')" in message
    assert "Exclude one with `--no-plugin a-rival`, or list" in message


def test_a_lifecycle_hook_is_called_with_exactly_its_arguments() -> None:
    empty = Host([])
    assert empty.notify("detente_run_finished", run=None) == []
    with pytest.raises(TypeError):
        empty.notify("detente_run_finished", runs=None)
    with pytest.raises(TypeError):
        empty.notify("detente_register_models", registry=None)


def test_a_lookup_without_the_domain_that_its_kind_needs_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="domain=None"):
        Host([]).entry("model", "blob")


def test_the_host_of_the_process_can_be_replaced() -> None:
    replacement = Host([])
    set_host(replacement)
    try:
        assert host() is replacement
    finally:
        set_host(None)
