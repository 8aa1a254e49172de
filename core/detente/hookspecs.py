"""What a plugin may implement. A plugin names its module in the entry-point group `detente`:

    [project.entry-points.detente]
    mine = "my_package.plugin"

and that module marks any of the functions below with `@hookimpl`. Every one is optional.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import pluggy

PROJECT = "detente"  # pluggy's project name and our entry-point group
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Registry(Protocol):
    """What a declaration hook is handed; `detente.plugins.registry` says more."""

    def add(self, name: str, target: str, *, domain: str | None = None, summary: str = "", **extra: Any) -> None:
        """Declare a name: `target` is "package.module:Attribute", `summary` one line for listings."""
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
    """Declare builders of a generator and a discriminator; each belongs to a domain."""


@hookspec
def detente_register_data(registry: Registry) -> None:
    """Declare data sets; each belongs to a domain."""


@hookspec
def detente_register_regularizers(registry: Registry) -> None:
    """Declare regularizers; they work in every domain."""


@hookspec
def detente_register_objectives(registry: Registry) -> None:
    """Declare adversarial objectives; they work in every domain."""


@hookspec
def detente_register_metrics(registry: Registry) -> None:
    """Declare metrics, of one domain or (without `domain=`) of all."""


# Lifecycle: observe a run. Nothing done here may change a number; an observer that raises is
# reported and the run goes on.


@hookspec
def detente_run_started(run: Any) -> None:
    """A run is about to take its first step."""


@hookspec
def detente_evaluated(run: Any, step: int, scores: Mapping[str, float]) -> None:
    """A run was evaluated after `step` steps."""


@hookspec
def detente_run_finished(run: Any) -> None:
    """A run ended, whatever its status."""
