"""Exports a trained generator: weights as safetensors, a model card, and what is needed to load it."""

import json
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
from detente.engine.chain import chain
from detente.engine.sample import Leaf, Sample, Space
from detente.engine.streams import Stream
from detente.errors import DetenteError, UsageError, one_line
from detente.files import in_utf8, plain, read_json, replace_atomically, write_atomically
from detente.plugins import Host
from detente.recipe import options_of
from detente.recipe.components import Part, RegularizerPart, load_component
from detente.recipe.options import check
from detente.records import Count, Record, checked
from detente.training import evaluation
from detente.training.sizes import check_samples
from detente.training.trainer import Trainer

EXPORT_FORMAT = 1
WEIGHTS, DESCRIPTION, CARD, RECIPE = "generator.safetensors", "model.json", "README.md", "recipe.yaml"
_DTYPES = {"float32": torch.float32, "float64": torch.float64}


class _Leaf(Record):
    shape: list[Count]
    name: str
    channel_axis: int
    symbols: list[str] = []


class _Space(Record):
    leaves: Annotated[list[_Leaf], Field(min_length=1)]
    classes: Count | None = None
    condition: list[Count] | None = None


class _Named(Record):
    name: str


class ExportRecord(Record):
    """What loading asks of model.json; the rest is for people."""

    format: Literal[1]
    domain: str
    model: _Named
    regularizers: dict[str, dict[str, Any]]
    space: _Space
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
        if labels is None and self.model.conditional:
            if self.space.classes is None:
                raise UsageError(
                    f"{type(self.model).__name__} needs its condition: sample({n}, labels=…), one for each."
                )
            labels = torch.arange(n) % (self.space.classes or 1)
        check_samples("samples", n, self.space)
        return evaluation.generate(self.generator, self.model, n, Stream(seed).at("sample"), labels)


def export_run(trainer: Trainer, folder: Path) -> list[Path]:
    """Write the generator that a run deploys; the files.

    Raises:
        OSError, DetenteError: the folder cannot be written.
    """
    built, run = trainer.built, trainer.run
    recipe, space = built.recipe, built.data.space
    folder.mkdir(parents=True, exist_ok=True)
    description = {
        "format": EXPORT_FORMAT,
        "detente": metadata.version("detente"),
        "domain": recipe.domain,
        "model": recipe.model.model_dump(),
        "regularizers": recipe.generator.regularizers,
        "space": asdict(space),
        "dtype": str(built.dtype).removeprefix("torch."),
        "step": trainer.step,
        "done": trainer.step / recipe.steps,
        "seed": recipe.seed,
        "data": {
            "name": recipe.data.name,
            "description": built.data.description,
            "licence": built.data.licence,
            "source": built.data.source,
            "identity": run.identities.get("form", built.data.identity),  # of what it was trained on
        },
        "scores": trainer.view.scores,
        "scaled": trainer.view.scaled,
        "samples": trainer.samples,
        "primary": asdict(built.domain.primary),
        "references": run.info.get("references", {}),
        "plugins": run.info.get("plugins", []),
        "versions": run.info.get("versions", {}),
    }
    paths = [folder / name for name in (WEIGHTS, DESCRIPTION, CARD, RECIPE)]
    weights = built.deployed(trainer.step).to("cpu")
    try:
        about = {"format": "pt", "detente": description["detente"]}
        replace_atomically(paths[0], lambda partial: _save(weights, partial, about))
    except SafetensorError as error:  # what safetensors makes of an OSError
        raise DetenteError(f"{paths[0]}: cannot be written ({one_line(error)}).") from error
    write_atomically(paths[1], json.dumps(plain(description), indent=2, ensure_ascii=False) + "\n")
    write_atomically(paths[2], _card(description, trainer))
    write_atomically(paths[3], recipe.to_yaml())
    return paths


def _save(network: nn.Module, path: Path, about: dict[str, str]) -> None:
    with in_utf8(path, write=True) as name:
        save_model(network, name, about)


def load_exported(folder: Path | str, host: Host | None = None) -> Exported:
    """The generator in a folder that `export_run` wrote. Needs the plugins of its domain and model, not its data.

    Raises:
        UsageError: the folder holds none, it is damaged, or the model's code no longer fits the weights.
        PluginError: a plugin that it needs is missing or broken.
    """
    folder, host = Path(folder), host or plugins.host()
    path = folder / DESCRIPTION
    if not path.is_file():
        raise UsageError(f"{folder}: not an export folder (no {DESCRIPTION}); give the folder that export wrote.")
    try:
        said = checked(ExportRecord, read_json(path), str(path), "export the run again")
        leaves = (
            Leaf(tuple(leaf["shape"]), leaf["name"], leaf["channel_axis"], tuple(leaf.get("symbols", ())))
            for leaf in said["space"]["leaves"]
        )
        condition = said["space"].get("condition")
        space = Space(tuple(leaves), said["space"].get("classes"), tuple(condition) if condition else None)
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
        with in_utf8(folder / WEIGHTS) as name:
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


def _card(said: dict[str, Any], trainer: Trainer) -> str:
    """The model card, in Markdown."""
    data, primary, rows = said["data"], said["primary"], said["references"]
    recipe = trainer.built.recipe
    scores = "\n".join(
        f"| {name} | {_number(value)} | " + " | ".join(_number(row.get(name)) for row in rows.values()) + " |"
        for name, value in said["scores"].items()
    )
    sides = {"generator": recipe.generator, "discriminator": recipe.discriminator}
    chains = "\n".join(
        f"- {side}: " + (", ".join(f"{name} {options}" for name, options in player.regularizers.items()) or "none")
        for side, player in sides.items()
    )
    code = "\n".join(
        f"- {kind}: {', '.join(dict.fromkeys(_code(e) for e in said['plugins'] if e['kind'] == kind))}"
        for kind in dict.fromkeys(e["kind"] for e in said["plugins"])
    )
    return f"""---
library_name: detente
tags: [gan, {said["domain"]}]
---
# {said["model"]["name"]} generator for {said["domain"]}, trained on {data["name"]}

{said["step"]} updates against a discriminator with the objective `{recipe.objective.name}`, seed {said["seed"]}.
`{RECIPE}` trains it again: `detente train --recipe {RECIPE}`.

## Use

```python
from detente import load_exported

exported = load_exported(".")
samples = exported.sample(16, seed=0)
```

## Data

{data["description"] or data["name"]}

- licence: {data["licence"] or "not stated"}
- source: {data["source"] or "not stated"}

The licence of the data may also apply to samples of this generator.

## Scores

Scaled score {_number(said["scaled"])}, where the untrained generator is 0 and real data are 1, on {primary["score"]}\
{f" ({primary['protocol']})" if primary["protocol"] else ""}. Every row is of {said["samples"]} samples.

| score | this generator | {" | ".join(rows)} |
|---|---|{"---|" * len(rows)}
{scores}

They come from one training run; another seed gives other scores.

## Regularizers

{chains}

## Code

{code}
"""


def _code(entry: dict[str, Any]) -> str:
    commit, _, dirty = str(entry.get("commit") or "").partition("-")
    commit = f", commit {commit[:12]}{' with changes' if dirty else ''}" if commit else ""
    return f"{entry['name']} ({entry['distribution']} {entry['version']}{commit})"


def _number(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.4g}"
