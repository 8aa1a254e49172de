"""Exports a trained generator: weights as safetensors, a model card, and what is needed to load it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from detente import plugins
from detente.domains.contracts import Domain, Model
from detente.domains.primary import Primary
from detente.engine.chain import chain
from detente.engine.sample import Sample, Space
from detente.engine.streams import Stream
from detente.errors import DetenteError, UsageError, one_line
from detente.files import in_utf8, plain, read_bytes, read_json, regular, replace_atomically, write_atomically
from detente.files.named import Named
from detente.files.records import Record, checked
from detente.files.standing import make_folder
from detente.plugins import Host
from detente.recipe import options_of
from detente.recipe.components import Part, RegularizerPart, load_component
from detente.recipe.options import check
from detente.recipe.schema import Recipe
from detente.training import evaluation, outline
from detente.training.card import anonymous, card
from detente.training.outline import SpaceRecord, space_of
from detente.training.run_folder import Run
from detente.training.sizes import check_samples
from detente.training.trainer import Trainer

EXPORT_FORMAT = 1
WEIGHTS, DESCRIPTION, CARD, RECIPE = "generator.safetensors", "model.json", "README.md", "recipe.yaml"
_DTYPES = {"float32": torch.float32, "float64": torch.float64}


class _Named(Record):
    name: str


class ExportRecord(Record):
    """What loading asks of model.json; the rest is for people."""

    format: Literal[1]
    domain: str
    model: _Named
    regularizers: dict[str, dict[str, Any]]
    space: SpaceRecord
    dtype: Literal["float32", "float64", "bfloat16"]
    done: Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class Exported:
    """A generator as it was exported.

    Attributes:
        generator: the deployed network, in evaluation mode on the CPU.
        model: draws its latents.
        domain: knows what to do with its samples.
        space: of the samples.
        description: the content of model.json.
    """

    generator: nn.Module
    model: Model
    domain: Domain
    space: Space
    description: dict[str, Any]

    def sample(self, n: int, seed: int = 0, labels: Tensor | None = None) -> Sample:
        """`n` samples; the model's classes in equal shares where it takes labels and none are given.

        Raises:
            UsageError: the model takes a condition that is no class, and none is given.
        """
        return self.draw(n, Stream(seed).at("sample"), labels)

    def draw(self, n: int, rng: Stream, labels: Tensor | None = None) -> Sample:
        """The same by a stream of draws.

        Raises:
            UsageError: as `sample` does, or the labels are none of the model's classes.
        """
        if labels is None and self.model.conditional:
            labels = self.labels(n)
        elif labels is not None:
            self._check(labels)
        check_samples("samples", n, self.space)
        return evaluation.generate(self.generator, self.model, n, rng, labels)

    def labels(self, n: int) -> Tensor:
        """The classes in equal shares, [n].

        Raises:
            UsageError: the model takes a condition that is no class.
        """
        if self.space.classes is None:
            use = f" or use: {self.model.command.format(folder='FOLDER')}" if self.model.command else ""
            raise UsageError(
                f"{type(self.model).__name__} needs a condition for each sample: sample({n}, labels=…) with labels of "
                f"shape [{n}, {', '.join(map(str, self.space.condition or ()))}]{use}."
            )
        return torch.arange(n) % self.space.classes

    def _check(self, labels: Tensor) -> None:
        if not self.model.conditional:
            raise UsageError(f"{type(self.model).__name__} takes no labels; leave them out.")
        classes = self.space.classes
        if classes is not None and labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            raise UsageError(f"labels: there are {classes} classes, 0 to {classes - 1}.")


def described(
    recipe: Recipe, space: Space, about: Mapping[str, Any], primary: Primary, info: Mapping[str, Any], **state: Any
) -> dict[str, Any]:
    """What model.json says of a generator.

    Args:
        recipe: that it was trained by.
        space: of its samples.
        about: what is said of its data.
        primary: the score that carries comparisons.
        info: the run's run.json.
        state: `step`, `scores`, `scaled` and `samples` of its last evaluation.
    """
    return {
        "format": EXPORT_FORMAT,
        "detente": metadata.version("detente"),
        "domain": recipe.domain,
        "model": recipe.model.model_dump(),
        "regularizers": recipe.generator.regularizers,
        "space": asdict(space),
        "dtype": str(dtype_of(recipe)).removeprefix("torch."),
        "done": state["step"] / recipe.steps,
        "seed": recipe.seed,
        "data": about,
        "primary": asdict(primary),
        "references": info.get("references") or {},
        "plugins": info.get("plugins", []),
        "versions": info.get("versions", {}),
        **state,
    }


def dtype_of(recipe: Recipe) -> torch.dtype:
    """That of weights and samples."""
    return torch.float64 if recipe.precision == "fp64" else torch.float32


def export_run(trainer: Trainer, folder: Path) -> list[Path]:
    """Write the generator that a run deploys; the files.

    Raises:
        OSError, DetenteError: the folder cannot be written.
    """
    built, run, view = trainer.built, trainer.run, trainer.view
    space, domain = built.data.space, built.domain
    state = {"step": trainer.step, "scores": view.scores, "scaled": view.scaled, "samples": trainer.samples}
    about = outline.about(built.data, built.recipe.data.name)
    about["identity"] = run.identities.get("form", about["identity"])  # of what it was trained on
    said = described(built.recipe, space, about, domain.primary, run.info, **state)
    return write(Exported(trainer.deployed(), built.model, domain, space, said), built.recipe, run, folder)


def write(exported: Exported, recipe: Recipe, run: Run, folder: Path) -> list[Path]:
    """Write a generator with its description, a card, its recipe and a picture from its run; the files.

    Nothing of it names a place on this machine.

    Raises:
        UsageError: the folder has files of these names that are of no export.
        OSError, DetenteError: the folder cannot be written.
    """
    paths = [folder / name for name in (WEIGHTS, DESCRIPTION, CARD, RECIPE)]
    there = [path.name for path in paths if os.path.lexists(path)]
    if there and not {WEIGHTS, DESCRIPTION} & {*there}:
        raise UsageError(f"{folder}: has a {there[0]} that is of no export; name another folder with --out.")
    make_folder(folder, "Choose another folder with --out")
    said = exported.description
    weights = exported.generator.to("cpu")
    try:
        about = {"format": "pt", "detente": said["detente"]}
        replace_atomically(paths[0], lambda partial: _save(weights, partial, about))
    except SafetensorError as error:  # what safetensors makes of an OSError
        raise DetenteError(f"{paths[0]}: cannot be written ({one_line(error)}).") from error
    picture = _picture(exported.domain, run)
    if picture:
        paths.append(folder / f"samples{picture.suffix}")
        write_atomically(paths[-1], read_bytes(picture))
    write_atomically(paths[1], json.dumps(plain(said), indent=2, ensure_ascii=False) + "\n")
    shown = paths[-1].name if picture else None
    write_atomically(paths[2], card(said, recipe, exported.model.command, shown))
    write_atomically(paths[3], anonymous(recipe).to_yaml())
    return paths


def _picture(domain: Domain, run: Run) -> Path | None:
    """The newest file of samples of a run that is its own."""
    if run.samples.is_symlink():
        return None
    found = [path for path in run.samples.glob(f"step-*{domain.preview_suffix}") if not path.is_symlink()]
    return max((path for path in found if path.stem.count("-") == 1), default=None)


def _save(network: nn.Module, path: Path, about: dict[str, str]) -> None:
    with in_utf8(path, write=True) as name:
        save_model(network, name, about)


def load_exported(folder: Path | str, host: Host | None = None) -> Exported:
    """The generator in a folder that `export_run` wrote. Needs the plugins of its domain and model, not its data.

    Raises:
        UsageError: the folder holds none, it is damaged, or the model's code no longer fits the weights.
        PluginError: a plugin that it needs is missing or broken.
    """
    folder, host = Named(folder), host or plugins.host()
    path = folder / DESCRIPTION
    if not path.is_file():
        raise UsageError(f"{folder}: not an export folder (no {DESCRIPTION}); give the folder that export wrote.")
    try:
        said = checked(ExportRecord, read_json(path), f"{path}", "export the run again")
        space = space_of(said["space"])
        domain: Domain = load_component(host, "domain", said["domain"])()
        domain.meet(space)
        options = {k: v for k, v in said["model"].items() if k != "name"}
        model: Model = _make(load_component(host, "model", said["model"]["name"], said["domain"]), options)
        dtype = _DTYPES[said["dtype"]]
        generator = _deployed(host, model, space, said["regularizers"], dtype, said["done"])
    except DetenteError:
        raise
    except Exception as error:  # of a plugin's network, to which the file may say anything
        raise UsageError(f"{path}: is corrupt ({one_line(error)[:200]}); export the run again.") from error
    try:
        with in_utf8(regular(folder / WEIGHTS)) as name:
            load_model(generator, name)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise UsageError(
            f"{folder / WEIGHTS}: cannot be loaded ({' '.join(str(error).split())[:200]}); export the run "
            f"again, with the versions that {DESCRIPTION} names."
        ) from error
    return Exported(generator, model, domain, space, said)


def _deployed(
    host: Host, model: Model, space: Space, regularizers: Mapping[str, Any], dtype: torch.dtype, done: float
) -> nn.Module:
    """A network of the structure that the run deployed, at the share `done` of its steps; its weights are any."""
    links = []
    for name, entry in regularizers.items():
        target = load_component(host, "regularizer", entry.get("kind", name))
        links.append(RegularizerPart.of(target, name, entry).make())
    with torch.random.fork_rng(devices=[]):
        networks = model.build(space)
    network = networks.generator.to(dtype)
    model.schedule(networks, done)
    regularizer = chain(*links)
    regularizer.rewrite(network)
    regularizer.attach(network)
    return regularizer.deploy(network)


def _make(target: Any, options: Mapping[str, Any]) -> Any:
    checked = check(target, options)
    if checked.problems:
        known = ", ".join(option.name for option in options_of(target))
        raise ValueError(f"model.{checked.problems[0][0]}: {checked.problems[0][1]} Known: {known}")
    return Part(target, checked).make()
