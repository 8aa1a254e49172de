"""`detente.load`: the generator in any folder of ours."""

from pathlib import Path

from torch import Tensor

from detente import plugins
from detente.domains.contracts import Model
from detente.engine.streams import Stream
from detente.errors import DetenteError, UsageError
from detente.files.named import Named
from detente.files.standing import has_file
from detente.plugins import Host
from detente.results.chosen import chosen_run, recommended_run, winning_run
from detente.training import evaluation
from detente.training.export import DESCRIPTION, load_exported
from detente.training.generator import Generator
from detente.training.trained import data_of, of_run


def load(
    folder: Path | str, *, arm: str | None = None, domain: str | None = None, host: Host | None = None
) -> Generator:
    """The generator of a run, an export, a study or a search, on the CPU.

    Needs the plugins of its domain and model; the data that it was trained on it does not need.

    Args:
        folder: of a run (its newest checkpoint), an export, a study (its best finished run), a search (the best run
            of its winner) or a selection (the best run of the recommended arm).
        arm: of a study, as `--reg` named it; the best one by default.
        domain: of a study that has several.
        host: the plugins; those of this process by default.

    Raises:
        UsageError: the folder is none of these, or damaged.
        PluginError: a plugin that it needs is missing or broken.
    """
    folder, host = Named(folder), host or plugins.host()
    folder = run_folder(folder, arm, domain)
    if has_file(folder / DESCRIPTION):
        return Generator(load_exported(folder, host), folder)
    exported, _ = of_run(folder, host)
    return Generator(exported, folder, lambda n, rng: _conditions(folder, exported.model, n, rng, host))


def run_folder(folder: Path, arm: str | None = None, domain: str | None = None) -> Path:
    """The folder of the run that is meant: of a study or a search its best one, otherwise the given one.

    Raises:
        UsageError: as `chosen_run` does, or there is nothing to choose from.
    """
    if has_file(folder / "study.yaml"):
        return chosen_run(folder, arm, domain).folder
    if has_file(folder / "tuning.yaml") and arm is None and domain is None:
        return winning_run(folder).folder
    if has_file(folder / "selection.yaml") and arm is None and domain is None:
        return recommended_run(folder).folder
    if arm is not None or domain is not None:
        raise UsageError(f"{folder}: not a study folder (no study.yaml), so there is no arm or domain to choose.")
    return folder


def _conditions(folder: Path, model: Model, n: int, rng: Stream, host: Host) -> Tensor:
    """Conditions that are data: of the run's own, where those are still at hand."""
    try:
        given = evaluation.conditions(data_of(folder, model, host), model, n, rng)
    except DetenteError as error:
        use = f" Use: {model.command.format(folder=folder)}" if model.command else ""
        raise type(error)(f"{error} The conditions of its samples are of these data.{use}") from error
    assert given is not None, "a model that takes conditions is given some"
    return given
