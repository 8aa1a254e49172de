"""A component or option with a new name can be had under its old one for one release, with one warning."""

import pytest

from detente import plugins, recipe
from detente.errors import PluginError, UsageError
from detente.experiments.search.samplers import sampler
from detente.plugins import Host
from detente.plugins.loader import Plugin
from detente.plugins.registry import (
    KINDS,
    MAY_BE_RENAMED,
    MAY_HAVE_DOMAIN,
    OF_ONE_DOMAIN,
    Entry,
    Kind,
    Origin,
    Registry,
)
from detente.regularizers.r1 import R1
from detente.training.build import build

# Each old name warns Python too; `test_renamed_for_python.py` asks for that.
pytestmark = pytest.mark.filterwarnings("ignore:.* goes with the next release:DeprecationWarning")

ORIGIN = Origin("moves", "detente-moves", "1.0")
RENAMED: list[tuple[Kind, str, str, str | None]] = [
    ("model", "perceptrons", "detente.toys.mixture:MLP", "ring"),
    ("data", "eight", "detente.toys.mixture:RingData", "ring"),
    ("objective", "logistic", "detente.engine.objectives:NonSaturating", None),
    ("metric", "centres", "detente.toys.mixture:Modes", "ring"),
    ("regularizer", "slope", "detente.regularizers.r1:R1", None),
    ("optimizer", "moments", "detente.recipe.optimizers:adam", None),
    ("sampler", "chance", "detente.experiments.search.samplers:RandomSearch", None),
    ("logger", "log", "detente.training.loggers.tensorboard:TensorBoard", None),
]


def declared(kind: Kind) -> Registry:
    return Registry(kind, ORIGIN, [])


@pytest.fixture
def host() -> Host:
    staged: list[Entry] = []
    for kind, name, target, domain in RENAMED:
        Registry(kind, ORIGIN, staged).add(name, target, domain=domain, renamed_from=f"old-{name}")
    return Host([*plugins.host().plugins, Plugin(ORIGIN, "ok", tuple(staged))])


@pytest.mark.parametrize(("kind", "name", "target", "domain"), RENAMED)
def test_every_kind_of_component_is_found_by_its_old_name_with_one_warning(
    kind: Kind, name: str, target: str, domain: str | None, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    assert host.entry(kind, name, domain).target == target and not caplog.records
    assert host.entry(kind, f"old-{name}", domain) is host.entry(kind, name, domain)
    host.entry(kind, f"old-{name}", domain)
    said = f"The {kind} 'old-{name}' is called {name!r} now; its old name goes with the next release."
    assert [record.message for record in caplog.records] == [said]


def test_a_resolved_recipe_has_the_new_names_and_builds(host: Host) -> None:
    given = {
        "domain": "ring",
        "model": {"name": "old-perceptrons", "width": 16},
        "data": {"name": "old-eight", "size": 64},
        "objective": "old-logistic",
        "metrics": ["old-centres"],
        "log": ["old-log"],
        "discriminator": {"optimizer": "old-moments", "regularizers": {"old-slope": {"gamma": 2.0}}},
    }
    found = recipe.resolve(given, host=host)
    plain = found.recipe
    assert (plain.model.name, plain.data.name, plain.objective.name) == ("perceptrons", "eight", "logistic")
    assert (plain.metrics, plain.log, plain.discriminator.optimizer.name) == (["centres"], ["log"], "moments")
    assert plain.discriminator.regularizers["old-slope"]["kind"] == "slope"  # the name of the instance is the user's
    assert recipe.load(plain.plain(), host=host) == plain
    (link,) = build(found, host, dry=True).game.discriminator.regularizer.links
    assert (link.name, type(link).__name__) == ("old-slope", "R1")


def test_options_of_the_layers_below_are_kept_under_the_old_name(host: Host) -> None:
    below = {"domain": "ring", "model": {"name": "perceptrons", "width": 16}, "data": "eight"}
    assert recipe.load(below, sets=["model.name=old-perceptrons"], host=host).model.options["width"] == 16


def test_a_sampler_is_had_by_its_old_name(host: Host) -> None:
    assert type(sampler("old-chance", [], 3, 0, host)).__name__ == "RandomSearch"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in MAY_BE_RENAMED])
def test_what_no_recipe_names_has_one_name(kind: Kind) -> None:
    target = "moves:a.yaml" if kind == "preset" else "moves:A"
    with pytest.raises(PluginError, match=rf"has an old name, but a {kind} has only one: remove renamed_from=\."):
        declared(kind).add("new", target, renamed_from="old")


@pytest.mark.parametrize("kind", MAY_BE_RENAMED)
def test_an_old_name_that_is_taken_is_refused(kind: Kind) -> None:
    registry, domain = declared(kind), "ring" if kind in OF_ONE_DOMAIN else None
    registry.add("a", "moves:A", domain=domain)
    with pytest.raises(PluginError, match="repeats a name of this plugin"):
        registry.add("b", "moves:B", domain=domain, renamed_from="a")
    with pytest.raises(PluginError, match="invalid old name 'No name'"):
        registry.add("c", "moves:C", domain=domain, renamed_from="No name")
    assert domain is None or kind in MAY_HAVE_DOMAIN


def test_an_old_name_that_somebody_else_declares_is_ambiguous_at_use(host: Host) -> None:
    other = Origin("others", "detente-others", "1.0")
    taken = Entry("regularizer", "old-slope", "detente.regularizers.r2:R2", None, "", {}, other)
    both = Host([*host.plugins, Plugin(other, "ok", (taken,))])
    with pytest.raises(PluginError, match=r"detente-moves 1\.0 .* and detente-others 1\.0"):
        both.entry("regularizer", "old-slope")
    assert both.entry("regularizer", "slope").origin == ORIGIN


def test_a_mistake_in_a_renamed_option_is_found_where_it_was_typed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(R1, "renamed", {"strength": "gamma"}, raising=False)
    with pytest.raises(UsageError, match=r"^--set: discriminator\.regularizers\.r1\.strength: should be greater"):
        recipe.load(domain="ring", regs=["r1"], sets=["r1={strength: -1}", "discriminator.regularizers.r1.strength=-1"])
    assert "The option 'strength' is called 'gamma' now" in caplog.text
    schedule = {"r1": {"strength": {"from": 1.0, "to": "x"}}}
    with pytest.raises(UsageError, match=r"discriminator\.regularizers\.r1\.strength\.to: should be a number"):
        recipe.load({"domain": "ring", "discriminator": {"regularizers": schedule}})
