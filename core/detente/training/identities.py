"""What a run is made of besides its recipe: which data, prepared how, seen by whom. It goes on with nothing else.

A record of it is plain data, which stands in run.json, in each checkpoint, and for each domain in the file at the head
of a study or a search:

    data          hash of the content as it was prepared, and of the options that change it
    form          the same of the data as the model sees them, where it has a view of its own
    features      hash of what the domain's features are made with
    samples       how many there are to train on
    typed, path   the option `path` as the recipe has it, and where that was
    prepared_by   hash of the code that prepared the data
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from detente.domains.cache import code_of
from detente.domains.contracts import Data, Domain
from detente.recipe.schema import Component, Recipe

Identities = Mapping[str, Any]
_BOUND = ("data", "form", "features")
"""What has to stay, in this order: where the data differ, so does the rest."""


def identify(domain: Domain, data: Data, recipe: Recipe) -> dict[str, Any]:
    """The record of data as they are, and of the domain's features."""
    typed = recipe.data.options.get("path")
    return {
        "data": data.identity,
        "features": domain.features_identity,
        "samples": len(data),
        "typed": typed,
        "path": os.path.abspath(Path(typed).expanduser()) if isinstance(typed, str) and typed else None,
        "prepared_by": code_of(type(data).__module__),
    }


def located(recipe: Recipe, known: Identities) -> Recipe:
    """The recipe with its data where they were before, whatever the current folder is now.

    One that names another path by now, or data that are no longer there, is left alone.
    """
    typed, path = known.get("typed"), known.get("path")
    if not path or recipe.data.options.get("path") != typed or not Path(path).exists():
        return recipe
    data = Component(name=recipe.data.name, **{**recipe.data.options, "path": path})
    return recipe.model_copy(update={"data": data})


def differences(was: Identities, now: Identities) -> list[str]:
    """What is not what it was, a sentence each with what to do; nothing where it is all the same, or not recorded."""
    found = [key for key in _BOUND if key in was and key in now and was[key] != now[key]]
    if not found:
        return []
    if found[0] != "features":
        return [_other_data(was, now, found[0])]
    return [
        f"scores were measured on features {_short(was['features'])} and would now be on {_short(now['features'])}: "
        "install the version of the plugin that they were measured with, or begin anew."
    ]


def _other_data(was: Identities, now: Identities, key: str) -> str:
    moved = was.get("path") != now.get("path")
    if not moved and was.get("prepared_by") != now.get("prepared_by"):
        do = "The code that prepares them has changed: install the plugin's version of then, or begin anew."
    elif moved:
        do = f"Go back to {was['path']}, or begin anew." if was.get("path") else "Name the old data, or begin anew."
    else:
        do = "Put the old files back, or begin anew."
    return f"the data were {_told(was, key)} and are now {_told(now, key)}. {do}"


def _told(known: Identities, key: str) -> str:
    where = f" in {known['path']}" if known.get("path") else ""
    return f"{known.get('samples', '?')} training samples{where} (identity {_short(known[key])})"


def _short(identity: str) -> str:
    """Enough of a hash to tell it from another; words before it stay."""
    return " ".join(word[:12] if len(word) > 24 else word for word in str(identity).split()) or "none"
