"""Modules that stood elsewhere until 0.1: their old names work for one more release, with a warning.

`detente.layers` is not among them: it is the function of that name.
"""

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Old module → where its names are now, below `detente`.
MOVED: dict[str, tuple[str, ...]] = {
    "cache": ("domains.cache", "domains.packed"),
    "cells": ("results.cells", "results.study", "results.outcomes", "results.table"),
    "checkpoint": ("training.checkpoint",),
    "combinators": ("engine.combinators",),
    "commands": ("cli",),
    "commands.comparing": ("cli.compare",),
    "commands.flags": ("cli.flags",),
    "commands.installed": ("cli.installed",),
    "commands.training": ("cli.train", "cli.running", "cli.resume", "cli.check"),
    "commands.tuning": ("cli.tune",),
    "commands.using": ("cli.use",),
    "compatibility": ("checks",),
    "compatibility.context": ("checks.finding",),
    "compatibility.refusals": ("checks.refusals",),
    "compatibility.warnings": ("checks.warnings",),
    "display": ("cli.display",),
    "domain": ("domains.contracts", "engine.sample", "domains.primary", "domains.packed"),
    "draws": ("engine.augment",),
    "evaluation": ("training.evaluation",),
    "export": ("training.export",),
    "game": ("engine.game",),
    "gradients": ("engine.gradients",),
    "laws": ("testing.laws",),
    "laws.closed_forms": ("testing.laws.closed_forms",),
    "laws.networks": ("testing.laws.networks",),
    "laws.penalties": ("testing.laws.penalties",),
    "laws.play": ("testing.laws.play",),
    "laws.subject": ("testing.laws.subject",),
    "listing": ("plugins.listing",),
    "loader": ("plugins.loader",),
    "measures": ("results.scores",),
    "metrics": ("domains.metrics",),
    "objectives": ("engine.objectives",),
    "planning": (
        "experiments.planning",
        "experiments.preset",
        "experiments.compare",
        "experiments.experiment",
        "recipe.keys",
    ),
    "player": ("engine.player", "engine.step"),
    "plugin": ("plugins.builtin",),
    "pool": ("experiments.executors.local", "experiments.executors.base", "experiments.executors.tracker"),
    "probe": ("testing.probe",),
    "recipe.arms": ("recipe.chains",),
    "recipe.building": ("training.build",),
    "registry": ("plugins.registry", "errors"),
    "regularizer": ("engine.regularizer", "engine.chain", "engine.step"),
    "run": ("training.run_folder", "files", "training.provenance"),
    "sample": ("engine.sample",),
    "sampler": ("training.sampler",),
    "stability": ("results.stability",),
    "starting": ("training.warmup",),
    "statistics": ("results.statistics",),
    "step": ("engine.step", "engine.forward"),
    "streams": ("engine.streams",),
    "study": ("experiments.compare",),
    "toy": ("toys",),
    "toy.critics": ("toys.critics",),
    "toy.data": ("toys.data",),
    "toy.domain": ("toys.domain",),
    "toy.linear": ("toys.linear",),
    "toy.mixture": ("toys.mixture",),
    "toy.networks": ("toys.networks",),
    "toy.pair": ("toys.pair",),
    "toy.tokens": ("toys.tokens",),
    "trainer": ("training.trainer",),
    "trials": ("results.search", "recipe.keys"),
    "tuning": ("experiments.tune", "experiments.search"),
    "tuning.carrying": ("experiments.tune", "experiments.search.storage", "experiments.search.rivals"),
    "tuning.engine": ("experiments.search.loop",),
    "tuning.planning": ("experiments.tune", "experiments.search.request", "experiments.planning"),
    "tuning.racing": ("experiments.search.pruning",),
    "tuning.ranges": ("experiments.search.space",),
    "tuning.reading": ("experiments.search.reading",),
    "tuning.samplers": ("experiments.search.samplers",),
    "verdicts": ("results.verdicts",),
    "watching": ("training.monitor",),
    "worker": ("experiments.executors.worker",),
}

# What has another name there: old module and name → new name.
RENAMED: dict[str, str] = {
    "cells.FORMAT": "STUDY_FORMAT",
    "pool.Progress": "CellProgress",
    "recipe.arms.Arm": "Chains",
    "recipe.arms.Link": "ParsedLink",
    "trials.FORMAT": "SEARCH_FORMAT",
}


class _Old(ModuleType):
    """Hands out the names that a module had, from where they are now."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        old = self.__name__.removeprefix("detente.")
        now = RENAMED.get(f"{old}.{name}", name)
        for home in MOVED[old]:
            module = importlib.import_module(f"detente.{home}")
            if hasattr(module, now):
                return getattr(module, now)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class _Finder(MetaPathFinder, Loader):
    """Finds what stands in `MOVED` where nothing else does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        old = fullname.removeprefix("detente.")
        if old == fullname or old not in MOVED:
            return None
        return ModuleSpec(fullname, self, is_package=any(name.startswith(f"{old}.") for name in MOVED))

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Old(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        homes = " or ".join(f"detente.{home}" for home in MOVED[module.__name__.removeprefix("detente.")])
        warnings.warn(
            f"{module.__name__} has moved and its old name goes with the next release: import from {homes}.",
            DeprecationWarning,
            stacklevel=6,
        )


def install() -> None:
    """Let the import system know the old names."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
