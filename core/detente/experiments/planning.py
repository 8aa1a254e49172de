"""What every experiment plans with: what its manifest begins with, seeds, versions, and what a call may not change."""

import platform
import re
import time
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from detente.errors import UsageError
from detente.experiments.executors.local import cpus
from detente.files import encoded, read_bytes
from detente.files.standing import check_folder, has_file, standing
from detente.plugins import Host
from detente.recipe import Recipe
from detente.recipe.document import read
from detente.recipe.keys import flat
from detente.recipe.resolved import Resolved
from detente.results.cells import SETTLED, Cell
from detente.results.manifest import Manifest

LOCK = ".lock"
"""The file in an experiment's folder that its writers hold."""
MOST_RUNS = 10_000
"""Of an experiment."""
_MOST_CHANGES = 8
_ELSEWHERE = "Choose a new folder with --out"
_PASSWORD = re.compile(r"(://[^:/@\s]+):[^@\s]+@")

M = TypeVar("M", bound=Manifest)


def existing(kind: type[M], out: Path) -> M | None:
    """What is in a folder already.

    Raises:
        UsageError: something else is, or the folder cannot be made or written to.
    """
    old = kind.open(out) if has_file(out / kind.file) else None
    check_folder(out, _ELSEWHERE)
    if old is None and standing(out) and any(path.name != LOCK for path in out.iterdir()):
        raise UsageError(f"{out}: not empty, and not a {kind.kind} folder; choose a new folder with --out.")
    return old


def head(old: Manifest | None, kind: type[Manifest], **more: Any) -> dict[str, Any]:
    """The entries that every manifest begins with, as an existing one has them, and some of its own."""
    return {
        "format": kind.format,
        "created": old.content["created"] if old else time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        **{key: old.content[key] if old else value for key, value in more.items()},
        "commands": list(old.content["commands"]) if old else [],
        "versions": list(old.content["versions"]) if old else [],
        "identities": dict(old.content.get("identities") or {}) if old else {},
    }


def primary_of(resolved: Resolved) -> dict[str, Any]:
    """The score that carries the runs of a recipe, as manifests have it.

    Raises:
        UsageError: the recipe chooses one that none of its metrics has.
    """
    primary = resolved.primary()
    return {
        "score": primary.score,
        "direction": primary.direction,
        "log": primary.log,
        "protocol": primary.protocol,
    }


def seedless(resolved: Resolved) -> dict[str, Any]:
    """A recipe as plain data without its random seed: all seeds of an arm share the rest."""
    return {key: value for key, value in resolved.recipe.plain().items() if key != "seed"}


def seed_numbers(seeds: int | Iterable[int]) -> list[int]:
    """The seeds themselves, for how many or which.

    Raises:
        UsageError: they are too many, or one is no seed.
    """
    if isinstance(seeds, int) and seeds > MOST_RUNS:
        raise UsageError(f"--seeds {seeds}: an experiment may have {MOST_RUNS:,} runs in all; use fewer seeds.")
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if any(seed < 0 for seed in chosen):
        raise UsageError(f"--seeds: {min(chosen)} is negative; seeds are integers from 0.")
    if any(seed >= 2**63 for seed in chosen):
        raise UsageError(f"--seeds: {max(chosen)} is too large; seeds are integers below 2^63.")
    return chosen


def refuse_changes(changes: Sequence[str], what: str) -> None:
    """Name the settings, a sentence each, in which a call differs from what is in its folder, if any.

    Raises:
        UsageError: there are some.
    """
    if changes:
        more = [f"… and {len(changes) - _MOST_CHANGES} more."] if len(changes) > _MOST_CHANGES else []
        last = f"Use the settings of the {what}, or a new folder with --out."
        raise UsageError("\n".join([*changes[:_MOST_CHANGES], *more, last]))


def recipe_text(manifest: Manifest, cell: Cell, recipe: Recipe) -> str:
    """What the recipe.yaml of a cell holds.

    Raises:
        UsageError: it holds another recipe.
    """
    text, file = recipe.to_yaml(), cell.run.recipe
    again = f"move it away, and resume the {manifest.kind}, which writes it again"
    if has_file(file, again) and read_bytes(file) != encoded(text):
        there, here = flat(read(file)), flat(recipe.plain())
        lines = [
            f"{file}: {key} is {there.get(key, 'absent')!r} in this file but {here.get(key, 'absent')!r} in "
            f"{manifest.file}."
            for key in {**there, **here}
            if there.get(key, ...) != here.get(key, ...)
        ] or [f"{file}: has the values of {manifest.file}, but their order, layout or comments are others."]
        last = f"{file}: is not the {manifest.kind}'s recipe for this cell; put it back, or move the folder away."
        raise UsageError("\n".join([*lines[:_MOST_CHANGES], last]))
    if cell.status in SETTLED and cell.info.get("recipe") not in (None, cell.run.recipe_digest):
        raise UsageError(
            f"{file}: is not the recipe that this cell was trained with; put it back there and in {manifest.file}, or "
            "move the folder away."
        )
    return text


def masked(text: str) -> str:
    """A command or a URL without the password in it."""
    return _PASSWORD.sub(r"\g<1>:***@", text)


def note_versions(manifest: Manifest, host: Host) -> list[str]:
    """Enter the versions of today; a sentence if the experiment ran with others so far."""
    now = _versions(host)
    known = manifest.content["versions"]
    if known and known[-1] == now:
        return []
    changed = [name for name in {**known[-1], **now} if known[-1].get(name) != now.get(name)] if known else []
    known.append(now)
    if not changed:
        return []
    listed = ", ".join(f"{name} {known[-2].get(name, 'absent')} → {now.get(name, 'absent')}" for name in changed)
    return [f"The environment has changed since the last run: {listed}. Earlier and later runs may not be comparable."]


def _versions(host: Host) -> dict[str, str]:
    import torch

    found = {
        "detente": metadata.version("detente"),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }
    for plugin in host.plugins:
        if plugin.status == "ok":
            commit = plugin.origin.commit
            found[plugin.origin.distribution] = f"{plugin.origin.version}" + (
                f" ({commit[:12]}{commit[40:]})" if commit else ""
            )
    return {**found, "machine": f"{platform.system()} {platform.machine()}, {cpus()} CPUs"}
