"""`--vary "lr=/4,x1,x4"`: the settings of an experiment, and the seeds of each.

Every arm is trained at every setting. A setting has seeds that no other has, so that a (setting, seed), which is called
a block, is independent of all others.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from detente.errors import UsageError
from detente.recipe.settings import LR, VARY, divided, factor, pair
from detente.results.settings import APART as APART

MOST_SETTINGS = 100
_FIXED = ("format", "domain", "seed", "metric", "metrics", "samples", "log", "allow", "device")
_PART = re.compile(r"""(?:[^,\[\](){}"']|\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|"[^"]*"|'[^']*')+""")


class Axis(NamedTuple):
    """One key that is varied, and its values as text."""

    key: str
    values: tuple[str, ...]


def settings_of(texts: Sequence[str]) -> list[dict[str, str]]:
    """Key → value of each setting: every value of one key with every value of the others; none where nothing varies.

    Raises:
        UsageError: a text is malformed, or what it names cannot be varied.
    """
    axes = [_axis(text) for text in texts]
    keys = [axis.key for axis in axes]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise UsageError(f"{VARY}: {twice} is given twice; put all of its values into one, such as {twice}=A,B,C.")
    found = [dict(zip(keys, values, strict=True)) for values in product(*(axis.values for axis in axes))]
    if len(found) > MOST_SETTINGS:
        raise UsageError(f"{VARY}: these are {len(found):,} settings, more than {MOST_SETTINGS}; use fewer values.")
    return found if axes else []


def name_of(values: Mapping[str, str]) -> str:
    """A setting for a person, and as its entry is called: `lr=/4, batch=64`."""
    return ", ".join(f"{key}={value}" for key, value in values.items())


def typed(values: Mapping[str, str]) -> list[str]:
    """As `detente.recipe.resolve` takes them."""
    return [f"{key}={value}" for key, value in values.items()]


def seeds_at(number: int, seeds: Sequence[int]) -> list[int]:
    """The seeds of a setting, counted from 0.

    Args:
        number: of the setting.
        seeds: those that were asked for.

    Raises:
        UsageError: one of them would be a seed of the next setting.
    """
    if max(seeds) >= APART:
        raise UsageError(f"--seeds: {max(seeds)} is too large with {VARY}; use seeds below {APART:,}.")
    return [APART * number + seed for seed in seeds]


def joined(old: Sequence[Mapping[str, Any]], new: Sequence[dict[str, str]], begun: bool, where: str) -> list[dict]:
    """The settings that an experiment has, then those that are new.

    Args:
        old: its entries.
        new: those that were asked for; none keeps what there is.
        begun: whether there is an experiment.
        where: its file.

    Raises:
        UsageError: it varies something else.
    """
    if begun and new and (had := list(old[0]["values"]) if old else []) != list(new[0]):
        said = f"varies {', '.join(had)}" if had else "varies nothing"
        raise UsageError(
            f"{where}: {said}, and this command varies {', '.join(new[0])}; repeat what it was started with, or use a "
            "new folder with --out."
        )
    return list({name_of(values): values for values in [*(dict(entry["values"]) for entry in old), *new]}.values())


def check_arm(text: str) -> None:
    """Whether the settings of an arm leave what all arms of a study must share.

    Raises:
        UsageError: they do not.
    """
    for key, said, _ in divided(text, "--reg")[1]:
        if key[0] in (*_FIXED, "data"):
            why = "arms are compared on the same data" if key[0] == "data" else _why(key[0])
            raise UsageError(f"--reg: {text!r}: {'.'.join(key)}={said} cannot belong to one arm: {why}.")


def _axis(text: str) -> Axis:
    key, said, _ = pair(text, VARY)
    dotted = ".".join(key)
    if key[0] in _FIXED:
        raise UsageError(f"{VARY}: {dotted} cannot be varied: {_why(key[0])}.")
    parts = _PART.findall(said)
    values = [part.strip() for part in parts]
    if not values or not all(values) or ",".join(parts) != said:
        raise UsageError(f"{VARY}: {text!r} should be KEY=A,B,C, such as lr=/4,x1,x4 or batch=16,64.")
    if dotted == LR or any(factor(value) is not None for value in values):
        values = [_relative(dotted, value) for value in values]
    if twice := next((value for value in values if values.count(value) > 1), None):
        raise UsageError(f"{VARY}: {dotted}={twice} is given twice; remove one.")
    return Axis(dotted, tuple(values))


def _relative(key: str, text: str) -> str:
    """A factor in the one way it is written: `x1` for 1 and /1, `/4` for x0.25."""
    found = 1.0 if text in ("1", "1.0") else factor(text)
    if found is None:
        why = "lr multiplies both players' learning rates" if key == LR else "its other values are relative"
        raise UsageError(f"{VARY}: {key}={text}: {why}; write x2 for twice what the recipe has, /2 for half, or x1.")
    return f"x{found:.6g}" if found >= 1 else f"/{1 / found:.6g}"


def _why(key: str) -> str:
    if key == "seed":
        return "the seeds are those of --seeds"
    if key in ("metric", "metrics", "samples"):
        return "runs are compared by one score, measured in one way"
    return "it is no setting of training"
