"""Whether a run goes on with what it began with: which part of a recipe may change, and that the data may not."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from detente.errors import DetenteError, UsageError
from detente.plugins import Host
from detente.recipe import load
from detente.recipe.keys import flat
from detente.recipe.overlay import ROLES
from detente.training.build import Built
from detente.training.identities import Identities, differences
from detente.training.run_folder import Run

_log = logging.getLogger(__name__)

FREE = (
    "steps",
    "log_every",
    "evaluate_every",
    "checkpoint_every",
    "samples",
    "metrics",
    "metric",
    "log",
    "device",
    "allow",
)
"""Keys that say how long a run is, how it is looked at and where it runs, but not what the next update is."""
MEASURED = ("samples", "metrics", "metric")
"""Those that say how scores are measured: the best score so far is not compared with one that is measured otherwise."""
_MOST = 8

Changes = Mapping[str, tuple[Any, Any]]
"""Dotted key → what it was and what it is, `…` where it is absent."""


def changes(was: Mapping[str, Any], now: Mapping[str, Any], host: Host | None = None) -> Changes:
    """Every key in which two recipes differ, the order of regularizers included.

    The earlier one is read again first, so that a component's new name or a new option's default is no difference.
    """
    with suppress(DetenteError):  # a name or an option that is gone by now is a difference like any other
        was = load(was, host=host).plain()
    before, after = flat(was), flat(now)
    keys = [key for key in {**before, **after} if before.get(key, ...) != after.get(key, ...)]
    found = {key: (before.get(key, ...), after.get(key, ...)) for key in keys}
    # Where {} became something, or something {}, its parts say so.
    found = {key: pair for key, pair in found.items() if not any(other.startswith(f"{key}.") for other in found)}
    for role in ROLES:
        chains = [list(recipe.get(role, {}).get("regularizers", {})) for recipe in (was, now)]
        if chains[0] != chains[1] and sorted(chains[0]) == sorted(chains[1]):
            found[f"{role}.regularizers"] = (" + ".join(chains[0]), " + ".join(chains[1]))
    return found


def refuse(changed: Changes, where: str, *, data_too: bool, there: str, here: str, instead: str) -> None:
    """Stop where a key has changed that may not.

    Args:
        changed: what has.
        where: the file or folder that the error begins with.
        data_too: whether a change of the data's options counts. Where their identity is known, that decides.
        there, here: where the two values stand, in words.
        instead: what to do.

    Raises:
        UsageError: a line for each such key.
    """
    refused = {
        key: pair for key, pair in changed.items() if key not in FREE and (data_too or not key.startswith("data."))
    }
    if not refused:
        return
    lines = [f"{where}: {key} is {_said(was)} {there} but {_said(now)} {here}." for key, (was, now) in refused.items()]
    more = [f"… and {len(lines) - _MOST} more."] if len(lines) > _MOST else []
    last = f"A run goes on with its own recipe; only {', '.join(FREE[:-1])} and {FREE[-1]} may change. {instead}"
    raise UsageError("\n".join([*lines[:_MOST], *more, last]))


def agree(path: Path, state: Mapping[str, Any], run: Run, built: Built, host: Host, looks_only: bool) -> Changes:
    """Refuse a checkpoint of another recipe or of other data; what else the recipe says otherwise by now.

    Args:
        path: the checkpoint's.
        state: what it holds. One of a version that wrote neither down is taken, with a warning.
        run, built: what is to go on from it.
        host: where names are looked up.
        looks_only: as in `agree_on_data`.

    Raises:
        UsageError: with a line for each difference.
    """
    known = state.get("identities")
    if known is None and not run.identities:
        _log.warning("%s: does not say which data it was trained on; they may have changed since.", f"{path}")
    found: Changes = {}
    if (was := state.get("recipe")) is not None:
        found = changes(was, built.recipe.plain(), host)
        refuse(
            found,
            f"{path}",
            data_too=known is None,
            there="in this checkpoint",
            here=f"in {run.recipe.name}",
            instead=f"Put the old values back into {run.recipe}, or begin a new run with detente train.",
        )
        if built.recipe.steps < state["step"]:
            raise UsageError(
                f"{path}: steps is {built.recipe.steps} in {run.recipe.name}, but {state['step']} are trained already;"
                " set it to that or more, or begin a new run."
            )
        if "steps" in found and (keys := stretched(built.recipe.plain())):
            _log.warning(
                "%s: was trained towards %s steps and goes on towards %s in %s: %s changes over a share of all steps, "
                "so the numbers are not those of a run that had so many from the start.",
                f"{path}",
                *found["steps"],
                f"{run.recipe.name}",
                " and ".join(keys),
            )
    if not differences(run.identities, built.identities):  # else that has been said already
        agree_on_data(path, known or {}, built, looks_only)
    return found


def stretched(recipe: Mapping[str, Any]) -> list[str]:
    """The options of a recipe that have a schedule over a share of all steps."""
    ends = [(key, value) for key, value in flat(recipe).items() if key.rpartition(".")[2] == "over"]
    return [key.removesuffix(".over") for key, value in ends if value <= 1]


def agree_on_data(where: Path, was: Identities, built: Built, looks_only: bool) -> None:
    """Refuse other data than those that are recorded.

    Args:
        where: the file or folder that the error begins with.
        was: what is recorded.
        built: has what there is now.
        looks_only: nothing will be trained, so it is only said.

    Raises:
        UsageError: they differ.
    """
    for sentence in differences(was, built.identities):
        if not looks_only:
            raise UsageError(f"{where}: {sentence}")
        _log.warning("%s: %s", where, sentence)


def told(changed: Changes) -> str:
    """The changes in a line: `steps (40 → 60)`."""
    return ", ".join(f"{key} ({_said(was)} → {_said(now)})" for key, (was, now) in changed.items())


def _said(value: Any) -> str:
    return "absent" if value is ... else repr(value)
