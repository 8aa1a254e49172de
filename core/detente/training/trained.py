"""The generator of a run as it would be deployed, without its data, its discriminator or the game."""

import logging
from pathlib import Path
from typing import Any

import torch
from torch import nn

from detente import plugins
from detente.domains.contracts import Data, Domain, Model, Networks
from detente.engine.chain import chain
from detente.engine.sample import Space
from detente.errors import UsageError, one_line, typed
from detente.plugins import Host
from detente.recipe.loading import resolve
from detente.recipe.resolved import Resolved
from detente.recipe.schema import Recipe
from detente.training import checkpoint, outline
from detente.training.agreement import changes, refuse
from detente.training.averaged import deployed_average
from detente.training.export import Exported, described, dtype_of
from detente.training.identities import located
from detente.training.run_folder import Run
from detente.training.warmup import fresh

_log = logging.getLogger(__name__)


def of_run(folder: Path, host: Host | None = None) -> tuple[Exported, Recipe]:
    """The generator of a run's newest checkpoint, on the CPU, with the recipe that it was trained by.

    A run of a version before 0.2 needs its data once more, for their shape; nothing is written.

    Raises:
        UsageError: the folder holds no run, or one without a checkpoint, or its parts do not go together.
        PluginError: a plugin is missing or broken.
    """
    run, host = Run.open(folder), host or plugins.host()
    resolved = resolve(run.recipe, host=host)
    recipe = resolved.recipe
    path, state = _newest(run)
    _agree(path, state, run, recipe, host)
    model: Model = resolved.make("model")
    space, about = outline.kept(folder) or _asked(folder, recipe, model, host)
    domain: Domain = resolved.make("domain")
    domain.meet(space)
    info = run.info
    scores, scaled = state["scores"]
    said = {"step": state["step"], "scores": scores, "scaled": scaled, "samples": info.get("samples", recipe.samples)}
    description = described(recipe, space, about, domain.primary, info, **said)
    return Exported(_deployed(resolved, model, space, state, run), model, domain, space, description), recipe


def data_of(folder: Path, model: Model, host: Host | None = None) -> Data:
    """The data of a run, in the form that its model uses.

    Raises:
        UsageError, PluginError: they are no longer where they were.
    """
    run, host = Run.open(folder), host or plugins.host()
    recipe = located(resolve(run.recipe, host=host).recipe, run.identities)
    return model.view(resolve(recipe.plain(), host=host).make("data"))


def _asked(folder: Path, recipe: Recipe, model: Model, host: Host) -> tuple[Space, dict[str, Any]]:
    data = data_of(folder, model, host)
    return data.space, outline.about(data, recipe.data.name)


def _agree(path: Path, state: dict[str, Any], run: Run, recipe: Recipe, host: Host) -> None:
    """Refuse a checkpoint of another recipe; which data they were does not matter any more.

    Raises:
        UsageError: with a line for each difference.
    """
    was = state.get("recipe") or {**recipe.plain(), "seed": state.get("seed", recipe.seed)}
    refuse(
        changes(was, recipe.plain(), host),
        f"{path}",
        data_too=False,
        there="in this checkpoint",
        here=f"in {run.recipe.name}",
        instead=f"Put the old values back into {run.recipe}.",
    )


def _newest(run: Run) -> tuple[Path, dict[str, Any]]:
    """The newest checkpoint that can be read, with its content.

    Raises:
        UsageError: there is none, or none can be.
    """
    found = checkpoint.checkpoints(run.checkpoints)
    for path in reversed(found):
        try:
            return path, checkpoint.load(path)
        except UsageError as error:
            if path == found[0]:
                raise
            _log.warning("%s Using the one before.", error)
    resume = typed("detente", "resume", run.folder)
    raise UsageError(f"{run.folder}: no checkpoint yet; train longer ({resume}).")


def _deployed(resolved: Resolved, model: Model, space: Space, state: dict[str, Any], run: Run) -> nn.Module:
    recipe, said = resolved.recipe, state["game"]["generator"]
    links = [resolved.regularizer("generator", name) for name in recipe.generator.regularizers]
    dtype, regularizer = dtype_of(recipe), chain(*links)
    try:
        networks = fresh(model, space, recipe.seed)
        network = networks.generator.to(dtype)
        regularizer.rewrite(network)
        regularizer.attach(network)
        if dtype is torch.float64:
            regularizer.double()
        network.load_state_dict(said["network"])
        regularizer.load_state_dict(said["regularizer"])
        kept = state.get("average") if recipe.evaluate else None
        deployed = deployed_average(network, regularizer, kept) if kept else regularizer.deploy(network)
    except Exception as error:  # of a plugin's network or regularizer, to which the file may say anything
        raise UsageError(
            f"{run.folder}: its newest checkpoint does not fit the networks of {run.recipe} "
            f"({one_line(error)[:200]}); restore the recipe that the run was trained with."
        ) from error
    model.schedule(Networks(deployed, networks.discriminator), state["step"] / recipe.steps)
    return deployed
