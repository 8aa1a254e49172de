"""What a plugin may implement. A plugin names its module in the entry-point group `detente`:

    [project.entry-points.detente]
    mine = "my_package.plugin"

and that module marks any of the functions below with `@hookimpl`. Every one is optional.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import pluggy

PROJECT = "detente"  # pluggy's project name and our entry-point group
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of its name."""


class Registry(Protocol):
    """The argument of a declaration hook; `detente.plugins.registry` says more."""

    def add(
        self,
        name: str,
        target: str,
        *,
        domain: str | None = None,
        summary: str = "",
        renamed_from: str | None = None,
        **extra: Any,
    ) -> None:
        """Declare a name: `target` is "package.module:Attribute", `summary` one line for listings.

        The old name `renamed_from` works too, with a warning.
        """
        ...


# Declarations: called once, at start. Hand over names and dotted targets, import nothing heavy:
#
#     @hookimpl
#     def detente_register_models(registry):
#         registry.add("mlp", "my_package.networks:MLP", domain="image", summary="three layers")


@hookspec
def detente_register_domains(registry: Registry) -> None:
    """Declare kinds of data: their space, previews and defaults."""


@hookspec
def detente_register_models(registry: Registry) -> None:
    """Declare models (generator and discriminator); each belongs to a domain."""


@hookspec
def detente_register_data(registry: Registry) -> None:
    """Declare data sets; each belongs to a domain."""


@hookspec
def detente_register_regularizers(registry: Registry) -> None:
    """Declare regularizers; they work in every domain."""


@hookspec
def detente_register_objectives(registry: Registry) -> None:
    """Declare adversarial losses; they work in every domain."""


@hookspec
def detente_register_metrics(registry: Registry) -> None:
    """Declare metrics, of one domain or (without `domain=`) of all."""


@hookspec
def detente_register_optimizers(registry: Registry) -> None:
    """Declare optimizers: functions of options that return a function from parameters to an optimizer."""


@hookspec
def detente_register_samplers(registry: Registry) -> None:
    """Declare samplers of searches (`tune --sampler`): subclasses of `detente.experiments.search.samplers.Sampler`."""


@hookspec
def detente_register_rules(registry: Registry) -> None:
    """Declare rules of findings; the name is the code of what a rule finds.

    A rule is a function from `detente.checks.Context` to findings. Installing a plugin changes no run: its rules apply
    only to recipes that name something of the same distribution.
    """


@hookspec
def detente_register_presets(registry: Registry) -> None:
    """Declare studies for `compare --preset`: the target is "package:path/of/a.yaml" inside the package."""


@hookspec
def detente_register_verbs(registry: Registry) -> None:
    """Declare commands of the command line: functions for Typer, in a module that imports nothing heavy."""


@hookspec
def detente_register_loggers(registry: Registry) -> None:
    """Declare loggers: classes whose instances have lifecycle hooks as methods; a recipe switches them on (`log:`)."""


# What observers are shown. All of it is frozen, mappings too.


def _read_only(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _read_only(inner) for key, inner in value.items()})
    return tuple(map(_read_only, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class _View:
    """Turns the dicts and lists that it is made of into what cannot be written to."""

    def __post_init__(self) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, _read_only(getattr(self, one.name)))


@dataclass(frozen=True)
class RunView(_View):
    """A run at one moment.

    Attributes:
        folder: where it is kept; an observer writes its files into a folder of its own in it.
        recipe: the resolved recipe as plain data.
        steps: how many there will be.
        primary: the name of the score that carries comparisons.
        step: how many were done at this moment; at the start of a resumed run, those before the resume.
        status: `running`, `finished`, `diverged`, `interrupted` or `failed`.
        error: why it is not finished, in one line.
        seconds: of training so far, including those before a resume.
        terms: of the last log line: each player's loss terms and what its regularizers report, `D/adversarial`, `G/r1`.
        watched: of the same line: gradient norms and scores, as `detente.training.monitor` describes them.
        late: of the same line: the update at which a term was computed, where that was not the last one.
        scores: of the last evaluation, by name; NaN where one was not measured.
        scaled: the primary one of them, between floor (0) and ceiling (1); NaN where it was not measured.
        spectral: of the same evaluation: the largest singular value of each layer of the discriminator.
        examined: of the same evaluation: how varied the samples are, whether the discriminator has memorized its data,
            each penalty's part in a gradient; `detente.training.examination` describes them.
        preview: of the same evaluation: a file of samples, in the domain's format.
    """

    folder: Path
    recipe: Mapping[str, Any]
    steps: int
    primary: str = ""
    step: int = 0
    status: str = "running"
    error: str | None = None
    seconds: float = 0.0
    terms: Mapping[str, float] = field(default_factory=dict)
    watched: Mapping[str, float] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    scaled: float | None = None
    spectral: Mapping[str, float] = field(default_factory=dict)
    examined: Mapping[str, float] = field(default_factory=dict)
    preview: Path | None = None

    @property
    def info(self) -> Mapping[str, Any]:
        """What the run's run.json says now: versions, plugins, device, findings, reference rows.

        Raises:
            OSError, ValueError: it cannot be read.
        """
        return _read_only(json.loads((self.folder / "run.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class StudyView(_View):
    """A study or a search at one moment.

    Attributes:
        folder: where it is kept.
        kind: `study` or `search`.
        domains, arms, seeds: what is compared; of a search its domain, its chain, and the seeds of a trial.
    """

    folder: Path
    kind: str
    domains: tuple[str, ...]
    arms: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class CellView(_View):
    """One run of a study or a search, as the process of `compare` or `tune` sees it.

    Attributes:
        folder: that of the run.
        domain, arm, seed: which cell it is.
        status: `pending`, `running`, `finished`, `diverged`, `failed` or `interrupted`.
        error: why it is not finished, in one line.
    """

    folder: Path
    domain: str
    arm: str
    seed: int
    status: str
    error: str | None = None


# Lifecycle: observe a run, a study, a cell. Nothing done here may change a number; an observer that raises is
# reported and the run goes on. A hook may take as few of the arguments as it needs. Those of a run are called in the
# process that trains it, those of studies and cells in the process of `compare` or `tune`. None is called in between
# the updates of a step.


@hookspec
def detente_run_started(run: RunView) -> None:
    """A run is about to make its first step, or the first one after a resume."""


@hookspec
def detente_logged(run: RunView, step: int, terms: Mapping[str, float]) -> None:
    """A log line was written: the terms of the losses at step `step`; `run.watched` belongs to it."""


@hookspec
def detente_evaluated(run: RunView, step: int, scores: Mapping[str, float]) -> None:
    """A run was evaluated after `step` steps; `run.scaled`, `run.spectral` and `run.preview` belong to it."""


@hookspec
def detente_run_finished(run: RunView) -> None:
    """A run ended, with any status."""


@hookspec
def detente_study_started(study: StudyView) -> None:
    """The cells of a study or a search are about to be trained, or the remaining ones after a resume."""


@hookspec
def detente_study_finished(study: StudyView) -> None:
    """A study or a search ended, or was stopped; results.csv is in its folder."""


@hookspec
def detente_cell_started(cell: CellView) -> None:
    """A cell was given to a worker."""


@hookspec
def detente_cell_finished(cell: CellView) -> None:
    """A worker is done with a cell, with any status."""
