"""What a package declares and does not keep: one sentence that names the package, and nothing else breaks."""

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch.optim import SGD

from detente import plugins, recipe
from detente.cli.app import main
from detente.errors import PluginError, UsageError
from detente.experiments.preset import preset
from detente.experiments.search.samplers import sampler
from detente.plugins import Host
from detente.plugins.host import ALLOW
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Kind, Origin
from detente.training.build import build

ORIGIN = Origin("slips", "detente-slips", "2.0")


class Descent:
    """An optimizer's options in a class: its instances make optimizers."""

    def __init__(self, lr: float = 0.1) -> None:
        self.lr = lr

    def __call__(self, parameters):
        return SGD(parameters, lr=self.lr)


def forgets(lr: float = 0.1):
    """Returns no factory."""


def makes_nothing(lr: float = 0.1):
    return lambda parameters: None


def unreadable(thing: Descent) -> None:
    """A command with a parameter that no command line can give."""


def hello() -> None:
    """Greet."""
    print("hello")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    module = types.ModuleType("slips")
    for thing in (Descent, forgets, makes_nothing, unreadable, hello):
        setattr(module, thing.__name__, thing)
    module.number = 3
    monkeypatch.setitem(sys.modules, "slips", module)
    (tmp_path / "slips_presets").mkdir()
    (tmp_path / "slips_presets" / "__init__.py").touch()
    (tmp_path / "slips_presets" / "bad.yaml").write_text("domains: [dirac\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def entries(kind: Kind, **targets: str) -> list[Entry]:
        return [Entry(kind, n.replace("_", "-"), t, None, "", {}, ORIGIN) for n, t in targets.items()]

    declared = [
        *entries("optimizer", descent="slips:Descent", forgets="slips:forgets", nothing="slips:makes_nothing"),
        *entries("sampler", number="slips:number", descent="slips:Descent"),
        *entries("preset", gone="slips_presets:gone.yaml", bad="slips_presets:bad.yaml", lost="slips_lost:a.yaml"),
        *entries("verb", hello="slips:hello", unreadable="slips:unreadable", number="slips:number"),
    ]
    plugins.set_host(Host([*plugins.host().plugins, Plugin(ORIGIN, "ok", tuple(declared))]))
    yield plugins.host()
    plugins.set_host(None)


def optimized(name: str, host: Host) -> recipe.Recipe:
    return build(recipe.resolve(domain="dirac", sets=[f"generator.optimizer.name={name}"], host=host), host).recipe


def test_an_optimizer_may_be_a_class_whose_instances_make_it(host: Host) -> None:
    assert optimized("descent", host).generator.optimizer.options == {"lr": 0.1}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("forgets", "making it raised TypeError: 'NoneType' object is not callable"),
        ("nothing", "slips:makes_nothing makes something other than an optimizer of torch"),
    ],
)
def test_what_makes_no_optimizer_is_refused_before_training(name: str, reason: str, host: Host) -> None:
    with pytest.raises(PluginError) as caught:
        optimized(name, host)
    assert str(caught.value) == (
        f"--set: generator.optimizer: optimizer {name!r} of detente-slips 2.0 cannot be used: {reason}. Report it to "
        "its authors."
    )


def test_options_of_an_optimizer_that_do_not_fit_each_other_are_the_users_to_change(host: Host) -> None:
    with pytest.raises(UsageError, match=r"generator\.optimizer: Nesterov momentum requires a momentum"):
        recipe.resolve(domain="dirac", sets=["generator.optimizer={name: sgd, nesterov: true}"], host=host)


@pytest.mark.parametrize("name", ["number", "descent"])
def test_a_sampler_has_to_be_one(name: str, host: Host) -> None:
    with pytest.raises(
        PluginError, match=rf"^--sampler: sampler '{name}' of detente-slips 2\.0 .* is not a subclass of Sampler\. "
    ):
        sampler(name, [], 3, 0, host)


@pytest.mark.parametrize(
    ("name", "reason"), [("gone", "file not found"), ("bad", "line 2, column 1"), ("lost", "No module named")]
)
def test_a_preset_that_cannot_be_read_names_its_package(name: str, reason: str, host: Host) -> None:
    with pytest.raises(PluginError, match=rf"^preset '{name}' of detente-slips 2\.0 cannot be used: .*{reason}"):
        preset(name, host)


def test_commands_that_are_none_are_listed_as_broken_and_break_no_other(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert listed.count("Cannot be used: detente-slips 2.0 is broken.") == 2
    assert main(["hello"]) == 0
    assert capsys.readouterr().out == "hello\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("unreadable", "RuntimeError: Type not yet supported"), ("number", "slips:number is not a function")],
)
def test_a_command_that_is_none_says_why(
    name: str, reason: str, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name]) == PluginError.exit_code
    said = capsys.readouterr().err
    assert said.startswith(f"Error: command {name!r} of detente-slips 2.0 cannot be used: {reason}")


def test_help_of_a_plugins_command_looks_like_ours(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hello", "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Usage: detente hello [OPTIONS]") and "--install-completion" not in shown


def test_help_is_there_when_the_list_of_allowed_plugins_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ALLOW, "no-such-plugin")
    plugins.set_host(None)
    try:
        assert main(["--help"]) == 0
        assert "train" in capsys.readouterr().out
        assert main(["no-such-command"]) == UsageError.exit_code
        assert "DETENTE_PLUGINS names 'no-such-plugin'" in capsys.readouterr().err
    finally:
        plugins.set_host(None)
