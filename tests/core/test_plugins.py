"""The plugin host, met with distributions that pip really installed."""

import json
import subprocess
import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from detente.errors import PluginError, UsageError
from detente.hookspecs import hookimpl
from detente.plugins import Host, host, set_host
from detente.plugins.listing import COMBINATORS, listing, render_listing, render_shown, show
from detente.plugins.loader import Installed, Plugin, load
from detente.plugins.registry import Entry, Kind, Origin, Registry
from distributions import Distribution, ask, install, run_with

HOOKIMPL = "from detente.hookspecs import hookimpl\n\n"

GOOD = f"""{HOOKIMPL}
print("printed while being imported")
seen = []

@hookimpl
def detente_register_domains(registry):
    registry.add("shapes", "good_heavy:Shapes", summary="circles and squares")

@hookimpl
def detente_register_models(registry):
    registry.add("blob", "good_heavy:Blob", domain="shapes", size=3)

@hookimpl
def detente_register_data(registry):
    registry.add("folder", "good_heavy:Folder", domain="shapes")

@hookimpl
def detente_register_regularizers(registry):
    registry.add("calm", "good_heavy:Calm", summary="keeps quiet")
    registry.add("typo", "good_heavy:Clam")
    registry.add("optional", "good_optional:Thing")

@hookimpl
def detente_register_metrics(registry):
    registry.add("roundness", "good_heavy:Roundness", domain="shapes")
    registry.add("spread", "good_heavy:Spread")

@hookimpl
def detente_run_started(run):
    seen.append(run)

@hookimpl
def detente_evaluated(scores):
    seen.append(scores)
"""

GOOD_HEAVY = """
class Shapes: ...
class Blob: ...
class Folder: ...
class Roundness: ...
class Spread: ...

class Calm:
    '''Keeps the critic quiet.'''
    def __init__(self, weight: float = 0.5, *, every: "int" = 1): ...
"""

OTHER = f"""{HOOKIMPL}
@hookimpl
def detente_register_domains(registry):
    registry.add("sounds", "builtins:object")

@hookimpl
def detente_register_data(registry):
    registry.add("folder", "builtins:list", domain="sounds")

@hookimpl
def detente_register_regularizers(registry):
    registry.add("twin", "builtins:int")

@hookimpl
def detente_register_metrics(registry):
    registry.add("roundness", "builtins:set", domain="sounds")
"""

RIVAL = f"""{HOOKIMPL}
@hookimpl
def detente_register_regularizers(registry):
    registry.add("twin", "builtins:float")

@hookimpl
def detente_register_metrics(registry):
    registry.add("roundness", "builtins:set")

@hookimpl
def detente_run_started(run):
    raise SystemExit("an observer that wants to stop everything")
"""

MISSPELT = f"""{HOOKIMPL}
@hookimpl
def detente_register_models(registry):
    registry.add("mirage", "builtins:int", domain="shapes")

@hookimpl
def detente_register_regularizer(registry):
    registry.add("never", "builtins:int")
"""

SIGNATURE = f"""{HOOKIMPL}
@hookimpl
def detente_register_regularizers(reg):
    reg.add("never", "builtins:int")
"""

RAISING = f"""{HOOKIMPL}
@hookimpl
def detente_register_models(registry):
    registry.add("before", "builtins:int", domain="shapes")

@hookimpl
def detente_register_regularizers(registry):
    registry.add("just-before", "builtins:int")
    raise RuntimeError("no more")

@hookimpl
def detente_register_objectives(registry):
    registry.add("after", "builtins:int")
"""


def one_module(name: str, version: str, code: str, **more: str) -> Distribution:
    module = name.replace("-", "_")
    files = {f"{module}.py": code} | {f"{path}.py": text for path, text in more.items()}
    return Distribution(name, version, files, {name.removeprefix("detente-"): module})


SOUND = [
    one_module(
        "detente-good",
        "1.0",
        GOOD,
        good_heavy=GOOD_HEAVY,
        good_optional="import package_that_nobody_installed",
    ),
    one_module("detente-other", "2.0", OTHER),
    one_module("detente-rival", "3.1", RIVAL),
]
BROKEN = [
    one_module("broken-exit", "0.1", "raise SystemExit(7)"),
    one_module("broken-hook", "0.2", RAISING),
    one_module("broken-import", "0.3", "import package_that_nobody_installed"),
    one_module("broken-signature", "0.4", SIGNATURE),
    one_module("broken-spelling", "0.5", MISSPELT),
]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sound and five broken distributions, in one folder."""
    target = tmp_path_factory.mktemp("installed")
    install([*SOUND, *BROKEN], tmp_path_factory.mktemp("wheels"), target)
    return target


@pytest.fixture(scope="session")
def all_plugins(installed: Path) -> dict[str, dict[str, Any]]:
    """What the listing says of each installed plugin, by name."""
    code = "from detente.plugins.listing import listing\nanswer = listing(discover())['plugins']"
    return {plugin["name"]: plugin for plugin in ask(installed, code)}


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


def refusal(installed: Path, call: str, allow: str | None = None) -> tuple[str, str]:
    """Class and message of the error that a call on the host raises."""
    code = (
        "from detente.errors import DetenteError\n"
        "host = discover()\n"
        f"try:\n    host.{call}\n    answer = None\n"
        "except DetenteError as error:\n    answer = type(error).__name__, str(error)"
    )
    kind, message = ask(installed, code, allow)
    return kind, message


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


def test_a_target_is_imported_only_when_its_name_is_loaded(installed: Path) -> None:
    code = (
        "host = discover()\n"
        "host.entry('regularizer', 'calm')\n"
        "before = 'good_heavy' in sys.modules\n"
        "loaded = host.load('regularizer', 'calm').__name__\n"
        "answer = [before, loaded, 'good_heavy' in sys.modules]"
    )
    assert ask(installed, code) == [False, "Calm", True]


def test_a_target_that_needs_a_missing_package_names_it_and_the_distribution(
    installed: Path,
) -> None:
    error, message = refusal(installed, "load('regularizer', 'optional')")
    assert error == "PluginError"
    assert message.startswith("regularizer 'optional' of detente-good 1.0 cannot be used")
    assert message.endswith("Install the package that provides 'package_that_nobody_installed'.")


def test_a_target_whose_attribute_is_misspelt_gets_a_suggestion(installed: Path) -> None:
    error, message = refusal(installed, "load('regularizer', 'typo')")
    assert error == "PluginError"
    assert "has no attribute 'Clam'. Did you mean 'Calm'?" in message


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


def test_what_a_plugin_prints_while_loading_goes_to_stderr(installed: Path) -> None:
    done = run_with(installed, "from detente.plugins import discover; discover()")
    assert done.stdout == ""
    assert "printed while being imported" in done.stderr


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


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "plugin").mkdir(parents=True)
    (folder / "plugin" / "code.py").write_text("")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def commit_of(folder: Path) -> str | None:
    return Origin("p", "d", "1", source=folder).commit


def test_the_commit_of_a_clean_folder_is_its_head(repository: Path) -> None:
    assert commit_of(repository / "plugin") == git(repository, "rev-parse", "HEAD")


def test_changes_make_a_commit_dirty_only_in_the_folder_they_touch(repository: Path) -> None:
    (repository / "elsewhere.py").write_text("")
    (repository / "copy").mkdir()
    (repository / "copy" / "new.py").write_text("")
    head = git(repository, "rev-parse", "HEAD")
    assert commit_of(repository / "plugin") == head
    assert commit_of(repository / "copy") == f"{head}-dirty"


def test_a_folder_that_git_ignores_or_does_not_know_has_no_commit(repository: Path, tmp_path: Path) -> None:
    (repository / ".gitignore").write_text("build/\n")
    (repository / "build").mkdir()
    assert commit_of(repository / "build") is None
    assert commit_of(tmp_path) is None


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


# In this process: what a single plugin may do wrong, and the shape of what is printed.


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
            "detente_register_objectives registry.add('Not Fine') for a objective has an invalid",
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


MINE = Origin("mine", "my-package", "1.2")


@pytest.mark.parametrize("name", ["", "R1", "1d", "a b", "a.b", "a+b", "a--b", "-a", "a(b)", 3])
def test_an_illegal_name_is_refused(name: Any) -> None:
    with pytest.raises(PluginError, match="invalid name"):
        Registry("regularizer", MINE, []).add(name, "m:A")


@pytest.mark.parametrize("target", ["", "m", "m.A", "m:", ":A", "m:A:B", "m-n:A", "m:A()", int])
def test_a_malformed_target_is_refused(target: Any) -> None:
    with pytest.raises(PluginError, match="malformed target"):
        Registry("regularizer", MINE, []).add("calm", target)


@pytest.mark.parametrize(
    ("kind", "domain", "accepted"),
    [
        ("model", None, False),
        ("data", None, False),
        ("metric", None, True),
        ("metric", "shapes", True),
        ("regularizer", "shapes", False),
        ("objective", "shapes", False),
        ("domain", "shapes", False),
        ("model", "No Domain", False),
    ],
)
def test_a_domain_is_taken_where_the_kind_has_one(kind: Kind, domain: str | None, accepted: bool) -> None:
    staged: list[Entry] = []
    registry = Registry(kind, MINE, staged)
    if accepted:
        registry.add("name", "m:A", domain=domain)
        assert staged[0].domain == domain
    else:
        with pytest.raises(PluginError, match="domain"):
            registry.add("name", "m:A", domain=domain)


def test_a_name_repeated_by_one_plugin_is_refused_but_not_across_domains() -> None:
    registry = Registry("data", MINE, [])
    registry.add("folder", "m:A", domain="shapes")
    registry.add("folder", "m:A", domain="sounds")
    with pytest.raises(PluginError, match="repeats a name"):
        registry.add("folder", "m:B", domain="shapes")


def test_extra_options_travel_with_the_entry_and_must_be_plain_data() -> None:
    staged: list[Entry] = []
    registry = Registry("regularizer", MINE, staged)
    registry.add("calm", "m:A", paper="2018", tags=["a"])
    assert staged[0].options == {"paper": "2018", "tags": ["a"]}
    with pytest.raises(PluginError, match="plain data"):
        registry.add("wild", "m:A", when=object())
    with pytest.raises(PluginError, match="one line"):
        registry.add("long", "m:A", summary="two\nlines")


def test_a_declaration_after_its_hook_is_refused() -> None:
    registry = Registry("regularizer", MINE, [])
    registry.close()
    with pytest.raises(PluginError, match="too late"):
        registry.add("calm", "m:A")


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
