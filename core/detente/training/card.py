"""The model card of an export, in Markdown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from detente.errors import visible_name
from detente.recipe.schema import Recipe


def card(said: Mapping[str, Any], recipe: Recipe, command: str, picture: str | None) -> str:
    """What is written about an exported generator.

    Args:
        said: the content of model.json.
        recipe: that it was trained by.
        command: that uses a generator whose condition is data; empty for others.
        picture: the name of a file of samples beside the card.
    """
    data = {key: visible_name(text) if isinstance(text, str) else text for key, text in said["data"].items()}
    primary, rows = said["primary"], said["references"]
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
license: other
tags: [gan, {said["domain"]}]
---
# {said["model"]["name"]} generator for {said["domain"]}, trained on {data["name"]}

{said["step"]} updates against a discriminator with the objective `{recipe.objective.name}`, seed {said["seed"]}.
`recipe.yaml` trains it again where the data are at hand: `detente train --recipe recipe.yaml`.

{f"![samples]({picture})" if picture else ""}

## Use

In this folder, with détente and the plugin of `{said["domain"]}` installed:

{_use(said, command)}

## Intended use

To study how GANs train and what regularizers do, and to draw samples like its data. Samples are made up: they are no
evidence of anything, and they inherit what the data lack and overstate. It was not tested for anything else.

## Data

{data["description"] or data["name"]}

- licence: {data["licence"] or "not stated"}
- source: {data["source"] or "not stated"}

## Licence

The licence of the data may also apply to this generator and its samples. Who shares them chooses the licence of the
weights and writes it here.

## Scores

Scaled score {_number(said["scaled"])}, where the untrained generator is 0 and real data are 1, on {primary["score"]}\
{f" ({primary['protocol']})" if primary["protocol"] else ""}. Every row is of n = {said["samples"]} samples.

| score (n = {said["samples"]}) | this generator | {" | ".join(rows)} |
|---|---|{"---|" * len(rows)}
{scores}

They come from one training run; another seed gives other scores.

## Regularizers

{chains}

## Code

{code}
"""


def _use(said: Mapping[str, Any], command: str) -> str:
    condition = said["space"]["condition"]
    if condition is None:
        return """```python
import detente

g = detente.load(".")
samples = g.sample(16, seed=0)
samples.save("samples")
```

or `detente sample . -n 16 --out samples`."""
    first = (
        f"```\n{command.format(folder='.')}\n```\n\nor in Python, with a condition for each sample:\n\n"
        if command
        else ""
    )
    return f"""{first}```python
import detente
import torch

g = detente.load(".")
labels = torch.zeros(4, {", ".join(map(str, condition))})  # put your own here
samples = g.sample(4, seed=0, labels=labels)
samples.save("samples")
```"""


def anonymous(recipe: Recipe) -> Recipe:
    """The same without the folders that lead to the data on this machine: names of files and folders remain."""
    plain = recipe.plain()
    plain["data"] = {key: _name(value) for key, value in plain["data"].items()}
    return Recipe.model_validate(plain)


def _name(value: Any) -> Any:
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _code(entry: dict[str, Any]) -> str:
    commit, _, dirty = str(entry.get("commit") or "").partition("-")
    commit = f", commit {commit[:12]}{' with changes' if dirty else ''}" if commit else ""
    return f"{entry['name']} ({entry['distribution']} {entry['version']}{commit})"


def _number(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.4g}"
