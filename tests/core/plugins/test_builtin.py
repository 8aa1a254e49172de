"""The core's own components: what is declared is there, and what is there is declared."""

import inspect
import pkgutil
from importlib import import_module, resources
from types import ModuleType

import pytest

from detente import checks, regularizers, toys
from detente.checks import Rule
from detente.domains import metrics
from detente.domains.contracts import Data, Domain, Metric, Model
from detente.engine import objectives
from detente.engine.objectives import Objective
from detente.engine.regularizer import Regularizer
from detente.experiments.search import samplers
from detente.experiments.search.samplers import Sampler
from detente.plugins import host
from detente.plugins.loader import is_core
from detente.plugins.registry import Entry, Kind
from detente.toys.data import Drawn
from detente.toys.domain import Toy
from detente.toys.mixture import Mixture
from detente.training import loggers

SHARED = {Drawn, Mixture, Toy}
"""Bases of the toys, which nobody can ask for."""
OURS = [entry for entry in host().entries() if is_core(entry.origin)]


def declared(kind: Kind) -> list[Entry]:
    return [entry for entry in OURS if entry.kind == kind]


def modules(package: ModuleType) -> list[ModuleType]:
    return [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]


def classes(of: list[ModuleType], base: type) -> set[type]:
    """The classes of a kind that modules define, without those that stand for others."""
    found = [
        c for module in of for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module.__name__
    ]
    return {c for c in found if issubclass(c, base) and not inspect.isabstract(c) and not c.__name__.startswith("_")}


@pytest.mark.parametrize("entry", OURS, ids=lambda e: f"{e.kind}-{e.domain or ''}-{e.name}")
def test_what_is_declared_is_there_and_says_in_a_line_what_it_is(entry: Entry) -> None:
    if entry.kind == "preset":
        package, _, path = entry.target.partition(":")
        assert resources.files(package).joinpath(path).is_file()
    else:
        assert entry.load() is not None
    assert entry.summary and "\n" not in entry.summary and not entry.summary.endswith(".")


@pytest.mark.parametrize(
    ("kind", "of", "base"),
    [
        ("regularizer", modules(regularizers), Regularizer),
        ("objective", [objectives], Objective),
        ("metric", [metrics, *modules(toys)], Metric),
        ("domain", modules(toys), Domain),
        ("data", modules(toys), Data),
        ("model", modules(toys), Model),
        ("sampler", [samplers], Sampler),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_every_class_of_a_kind_is_declared(kind: Kind, of: list[ModuleType], base: type) -> None:
    forgotten = classes(of, base) - {entry.load() for entry in declared(kind)} - SHARED
    assert not forgotten, f"declare in plugins/builtin.py: {', '.join(sorted(c.__name__ for c in forgotten))}"


def test_every_rule_is_declared_under_its_code() -> None:
    there = {rule.code: rule for m in modules(checks) for rule in vars(m).values() if isinstance(rule, Rule)}
    assert {entry.name: entry.load() for entry in declared("rule")} == there


def test_every_logger_is_declared_but_the_runs_own_log() -> None:
    files = {module.__name__.rpartition(".")[2] for module in modules(loggers)}
    assert {entry.name for entry in declared("logger")} == files - {"jsonl"}


def test_every_shipped_preset_is_declared_under_the_name_of_its_file() -> None:
    files = resources.files("detente.experiments").joinpath("presets").iterdir()
    assert {entry.name for entry in declared("preset")} == {f.name.removesuffix(".yaml") for f in files}


def test_a_toy_has_everything_under_one_name() -> None:
    names = {kind: sorted(entry.name for entry in declared(kind)) for kind in ("domain", "data", "model")}
    assert names["domain"] == names["data"] == names["model"]
