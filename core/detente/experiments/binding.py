"""An experiment keeps to its data: what they are stands in its file, and no cell is trained on others."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from detente.errors import DetenteError, UsageError
from detente.files.records import checked
from detente.plugins import Host
from detente.recipe import Recipe
from detente.results.cells import SETTLED, Cell
from detente.results.manifest import Manifest
from detente.training.build import identities_of
from detente.training.identities import Identities, differences, located

_MOST = 8  # sentences of an error


class Bound(NamedTuple):
    """The data of one domain.

    Attributes:
        options: name and options, as the recipe has them.
        identities: what they are and where, see `detente.training.identities`.
    """

    options: Mapping[str, Any]
    identities: Identities

    def holds_for(self, recipe: Mapping[str, Any]) -> bool:
        """Whether a cell is about these data: a search may vary the options of data."""
        return recipe.get("data") == self.options


def relocated(old: Manifest | None, flags: Mapping[str, Any], host: Host) -> Mapping[str, Any]:
    """The flags of a call that names an experiment's own data at another place, to which they have moved.

    Recipes keep the path that they began with; the new place joins what the manifest knows of the data.

    Args:
        old: what is in the folder; None where the experiment is new.
        flags: dotted key → value; `data` may have the option `path`.
        host: the plugins.

    Raises:
        UsageError: what was there is gone, and what is named now are other data; or, as from PluginError, they cannot
            be had.
    """
    data = flags.get("data")
    if old is None or not isinstance(data, Mapping) or not isinstance(place := data.get("path"), str):
        return flags
    for domain, was in (old.content.get("identities") or {}).items():
        plain = next((recipe for cell, recipe in old.runs() if cell.domain == domain), None)
        typed = was.get("typed")
        if plain is None or not isinstance(typed, str) or typed == place or plain["data"]["name"] != data.get("name"):
            continue
        now = identities_of(Recipe.model_validate({**plain, "data": {**plain["data"], "path": place}}), host)
        if told := differences(was, now):
            if _lost(was):
                raise UsageError(f"{old.path}: {domain}: {told[0]}")
            continue  # refused as another recipe
        was["path"] = now["path"]
        return {**flags, "data": {**data, "path": typed}}
    return flags


def found_again(recipe: Recipe, known: Identities) -> Recipe:
    """The recipe with its data where they are `known` to be, if there is nothing where it says."""
    typed = recipe.data.options.get("path")
    gone = isinstance(typed, str) and not Path(typed).expanduser().exists()
    return located(recipe, known) if gone else recipe


def _lost(known: Identities) -> bool:
    """Whether files were named, and are no longer where they were."""
    typed, path = known.get("typed"), known.get("path")
    return isinstance(typed, str) and isinstance(path, str) and not Path(path).exists()


def bind(
    manifest: Manifest, looks: Iterable[tuple[str, Mapping[str, Any]]], notes: list[str], host: Host, *, resumed: bool
) -> dict[str, Bound]:
    """Look at the data of each domain and enter them into the manifest.

    Where all cells are done other data are only noted, and what is recorded stays.

    Args:
        manifest: what the folder holds, or will hold.
        looks: domains with a recipe as plain data; the first of each counts.
        notes: gets what a person should know.
        host: the plugins.
        resumed: nobody named the data anew, so they are looked for where they were.

    Raises:
        UsageError: they are not what they were when the experiment began, or not what a finished cell was trained on;
            or, as from PluginError, they cannot be had.
    """
    known: dict[str, Any] = manifest.content.setdefault("identities", {})
    cells: dict[str, list[tuple[Cell, Mapping[str, Any]]]] = {}
    for cell, plain in manifest.runs():
        cells.setdefault(cell.domain, []).append((cell, plain))
    bound: dict[str, Bound] = {}
    recipes: dict[str, Mapping[str, Any]] = {}
    for domain, plain in looks:
        recipes.setdefault(domain, plain)
    for domain, plain in recipes.items():
        own, was = cells.get(domain, []), known.get(domain) or {}
        settled = [(cell, recipe) for cell, recipe in own if cell.status in SETTLED]
        done = manifest.complete and bool(own) and len(settled) == len(own)
        fix = "put back what it was, or begin anew in another folder"
        recipe = Recipe.model_validate(checked(Recipe, plain, f"{manifest.path}: recipes of {domain}", fix))
        try:
            now = identities_of((located if resumed else found_again)(recipe, was), host)
        except (DetenteError, OSError) as error:
            if done:
                continue  # a report needs no data
            if not _lost(was):
                raise
            again = f"give the first command of this {manifest.kind} again, with --data and where they are now"
            raise UsageError(f"{manifest.path}: {domain}: {error} If the data have moved, {again}.") from error
        now["typed"] = recipe.data.options.get("path")
        changed = [f"{manifest.path}: {domain}: {sentence}" for sentence in differences(was, now)]
        bound[domain] = Bound(plain["data"], now)
        if not changed:
            same = [cell for cell, about in settled if bound[domain].holds_for(about)]
            changed = [f"{cell.folder}: {said}" for cell in same for said in differences(cell.run.identities, now)]
        if changed and not done:
            raise UsageError("\n".join(changed[:_MOST]))
        notes += changed[:1]
        if not was and any(not cell.run.identities for cell, _ in settled):
            notes.append(
                f"{domain}: runs of an earlier version do not say which data they were trained on; they are taken to be"
                " those of today."
            )
        if changed:  # whoever trains a cell all the same finds out
            bound[domain] = Bound(plain["data"], was or now)
        else:
            known[domain] = now
    return bound
