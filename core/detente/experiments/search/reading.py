"""The syntax of `--search`, and its meaning in a recipe."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from detente.errors import DetenteError, UsageError, did_you_mean, visible_name
from detente.experiments.search.space import Choices, Range, Reals, Wholes
from detente.plugins import Host
from detente.recipe import Recipe, load
from detente.recipe.chains import addressed
from detente.recipe.keys import put
from detente.recipe.overlay import ROLES
from detente.recipe.values import annotation_at, plain_value, value_of
from detente.results.search import Tuning

SOURCE = "--search"
_KINDS = ("log", "lin", "choice")
_FORM = "should be NAME=log:LOW..HIGH, NAME=lin:LOW..HIGH or NAME=choice:A,B, such as r1.gamma=log:0.01..100"
_SEARCHED = ("generator", "discriminator", "objective", "model", "batch", "critic_steps")


def ranges(texts: Sequence[str], recipe: Mapping[str, Any], host: Host) -> list[Range]:
    """Read every `--search`, and hold it against the recipe that is to be varied.

    Args:
        texts: `NAME=log:LOW..HIGH`, `NAME=lin:LOW..HIGH` or `NAME=choice:A,B` each.
        recipe: a resolved one as plain data, without a seed.
        host: where names are looked up.

    Raises:
        UsageError: something is wrong; a line for each thing that is.
    """
    found: list[Range] = []
    problems: list[str] = []
    for text in texts:
        try:
            one = _range(text, recipe, host)
            if one.key in [other.key for other in found]:
                raise UsageError(f"{SOURCE}: {one.label}: is searched twice; remove one.")
            found.append(one)
        except DetenteError as error:
            problems += str(error).splitlines()
    if problems:
        raise UsageError("\n".join(dict.fromkeys(problems)))
    if not found:
        raise UsageError(f"tune needs an option to search, such as {SOURCE} r1.gamma=log:0.01..100.")
    return found


def kept(tuning: Tuning, host: Host) -> list[Range]:
    """The ranges of a search that is there already.

    Raises:
        UsageError: they do not fit its recipe, or its labels are of other keys.
    """
    texts = [f"{entry['label']}={entry['range']}" for entry in tuning.content["search"]]
    try:
        found = ranges(texts, tuning.content["recipes"]["default"], host)
    except UsageError as error:  # which speaks of the flag; now the file says it
        lines = [line.removeprefix(f"{SOURCE}: ").rstrip(".") for line in str(error).splitlines()]
        raise UsageError("\n".join(f"{tuning.path}: {line}; {tuning.fix()}." for line in lines)) from error
    if {one.key: one.label for one in found} != tuning.labels:
        raise UsageError(
            f"{tuning.path}: search: the keys are not those of the labels in recipes.default; {tuning.fix()}."
        )
    return found


def _range(text: str, recipe: Mapping[str, Any], host: Host) -> Range:
    label, equals, rest = (part.strip() for part in text.partition("="))
    kind, colon, values = (part.strip() for part in rest.partition(":"))
    if not equals or not label or not colon:
        raise UsageError(f"{SOURCE}: {text!r} {_FORM}.")
    if kind not in _KINDS:
        raise UsageError(f"{SOURCE}: {text!r}: there is no {kind!r}; {_FORM}.{did_you_mean(kind, _KINDS)}")
    key = _address(label, recipe, host)
    found = (
        _choices(label, key, values, annotation_at(recipe, tuple(key.split(".")), host))
        if kind == "choice"
        else _numbers(label, key, values, kind == "log", recipe, host)
    )
    for end in found.ends:
        _try(found, end, recipe, host)
    return found


def _choices(label: str, key: str, text: str, annotation: Any) -> Range:
    parts = _split(text)
    values = tuple((part, value_of(part, annotation, f"{SOURCE}: {label}")) for part in parts)
    if not parts or not all(parts):
        raise UsageError(
            f"{SOURCE}: {label}: choice:{text} has an empty value; separate values with commas, as in choice:a,b."
        )
    if len(set(parts)) < len(parts):
        raise UsageError(f"{SOURCE}: {label}: choice:{text} has a value twice; remove one.")
    if len(parts) < 2:
        raise UsageError(f"{SOURCE}: {label}: choice:{text} has only one value; use --set {label}={text}.")
    return Choices(label, key, values)


def _split(text: str) -> list[str]:
    """At commas outside brackets, and outside the quotes of a value that begins with one."""
    parts, depth, quote = [""], 0, ""
    for c in text:
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"" and not parts[-1].strip():
            quote = c
        else:
            depth += (c in "[{(") - (c in ")}]")
        if c == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def _numbers(label: str, key: str, text: str, log: bool, recipe: Mapping[str, Any], host: Host) -> Range:
    kind = "log" if log else "lin"
    ends = [part.strip() for part in text.split("..")]
    if len(ends) != 2 or not all(ends):
        raise UsageError(f"{SOURCE}: {label}: {kind}:{text} needs a lower and an upper bound, as in {kind}:0.01..100.")
    low, high = (plain_value(end, f"{SOURCE}: {label}") for end in ends)
    for end, written in ((low, ends[0]), (high, ends[1])):
        if isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end):
            raise UsageError(f"{SOURCE}: {label}: {written!r} in {kind}:{text} is not a finite number.")
    if not low < high:
        raise UsageError(f"{SOURCE}: {label}: {kind}:{text} is empty: the lower bound must be below the upper bound.")
    if log and low <= 0:
        raise UsageError(
            f"{SOURCE}: {label}: log:{text} includes 0, which has no logarithm; start above 0, or use lin:{text}."
        )
    if _whole(key, low, high, recipe, host):
        if low != int(low) or high != int(high):
            raise UsageError(
                f"{SOURCE}: {label}: takes integers, but {kind}:{text} has a bound that is not an integer."
            )
        return Wholes(label, key, int(low), int(high), log)
    return Reals(label, key, float(low), float(high), log)


def _whole(key: str, low: float, high: float, recipe: Mapping[str, Any], host: Host) -> bool:
    """Whether the entry takes whole numbers alone: one is accepted where its neighbour with a fraction is not."""
    inside = math.floor((low + high) / 2) + 0.5

    def accepted(value: float) -> bool:
        try:
            load(put(recipe, {key: value}), host=host)
        except DetenteError:
            return False
        return True

    return not accepted(inside) and any(accepted(math.floor(end)) for end in (inside, high, low))


def _try(one: Range, value: Any, recipe: Mapping[str, Any], host: Host) -> None:
    """Have the recipe checked with a value in it."""
    try:
        load(put(recipe, {one.key: value}), host=host)
    except DetenteError as error:
        lines = [line.removeprefix("recipe: ").removeprefix(f"{one.key}: ") for line in str(error).splitlines()]
        raise UsageError("\n".join(f"{SOURCE}: {one.label}={value}: {line}" for line in lines)) from error


def _address(label: str, recipe: Mapping[str, Any], host: Host) -> str:
    """The full key of an entry that is there: options of components, or with a regularizer's name alone in front."""
    key = [part.strip() for part in label.split(".")]
    if key[0] not in Recipe.model_fields:
        key = _short(label, key, recipe, host)
    elif key[0] not in _SEARCHED:
        raise UsageError(
            f"{SOURCE}: {label}: {key[0]} must be the same for all trials; keys that can be "
            f"searched begin with {', '.join(_SEARCHED[:-1])} or {_SEARCHED[-1]}, or with a regularizer's name."
        )
    node: Any = recipe
    for n, part in enumerate(key):
        if not isinstance(node, Mapping) or part not in node:
            names = [name for name in node if name not in ("name", "kind")] if isinstance(node, Mapping) else []
            hint = did_you_mean(part, names) or (f" Available: {', '.join(names)}." if names else "")
            raise UsageError(f"{SOURCE}: {'.'.join(key[: n + 1])}: this recipe has no such key.{hint}")
        node = node[part]
    if key[-1] in ("name", "kind") or (isinstance(node, Mapping) and not {"from", "to"} <= node.keys()):
        inside = [name for name in node if name != "name"] if isinstance(node, Mapping) else []
        hint = f"; search one of its options: {', '.join(f'{label}.{name}' for name in inside)}" if inside else ""
        raise UsageError(f"{SOURCE}: {label}: is not a single value{hint}.")
    return ".".join(key)


def _short(label: str, key: list[str], recipe: Mapping[str, Any], host: Host) -> list[str]:
    chains = {side: list(recipe[side]["regularizers"]) for side in ROLES}
    found = addressed(tuple(key), chains, host, SOURCE)
    if found is not None:
        return list(found)
    names = [*_SEARCHED, *(name for chain in chains.values() for name in chain)]
    hint = did_you_mean(key[0], names) or f" Available: {', '.join(names)}."
    raise UsageError(
        f"{SOURCE}: {visible_name(label)}: neither an entry of recipes nor one of this chain's regularizers.{hint}"
    )
