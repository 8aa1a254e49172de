"""Values as `--set`, `--reg` and `--search` have them: text where an option wants text, YAML for everything else."""

import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml

from detente.errors import DetenteError, UsageError
from detente.plugins import Host
from detente.plugins.registry import OF_ONE_DOMAIN, Kind
from detente.recipe.components import load_component
from detente.recipe.document import Key, Loader, parse
from detente.recipe.options import options_of, read
from detente.recipe.overlay import COMPONENTS, ROLES
from detente.recipe.schema import Recipe

NAMED = str | dict[str, Any] | None
"""The annotation of a component in a recipe: a name, or a mapping with one."""


def value_of(text: str, annotation: Any, source: str) -> Any:
    """What was typed, as plain data for an option of this annotation.

    An option that takes text gets what was typed as it is: `2024`, `~`, `a: b`, `shots #2`. Quotes around all of it are
    left out, as in YAML. Where it takes something else besides, that is meant if it can be: `[a, b]` where the
    annotation is `str | list[str]`, `null` where it is `str | None`.

    Raises:
        UsageError: it should be YAML and is not, or has a comment or an anchor in it.
    """
    others = _beside_text(annotation)
    if others is None:
        return plain_value(text, source)
    quoted = _unquoted(text)
    if quoted is not None or not others:
        return text if quoted is None else quoted
    if type(None) in others and text.strip() in ("null", ""):
        return None
    try:
        found = plain_value(text, source)
        if found is None or isinstance(found, str):
            return text
        read(annotation, found)
        return found
    except (UsageError, ValueError):
        return text


def plain_value(text: str, source: str) -> Any:
    """A value in YAML, all of which is the value.

    Raises:
        UsageError: it is no YAML, or has a comment or an anchor in it.
    """
    found = parse(text, source)
    events = list(yaml.parse(text, Loader))
    if any(getattr(event, "anchor", None) for event in events):
        raise UsageError(f"{source}: anchors (&name) are not supported here; write the value without one.")
    # What is left after the last piece of the value can only be a comment.
    scalars = [event.end_mark.index for event in events if isinstance(event, yaml.ScalarEvent)]
    ends = [event.end_mark.index for event in events if isinstance(event, yaml.CollectionEndEvent)]
    closed = [end for end in ends if text[end - 1 : end] in ("]", "}")]  # a block has no end of its own
    last = max([*scalars, *closed], default=0)
    if text[last:].strip():
        raise UsageError(f"{source}: {text[last:].strip()!r} is a comment; leave it out, or put quotes around text.")
    return found


def _beside_text(annotation: Any) -> tuple[Any, ...] | None:
    """What else an annotation allows beside text; None where it does not allow text."""
    if typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = typing.get_args(annotation)
        found = [_beside_text(part) for part in parts]
        return tuple(p for p, f in zip(parts, found, strict=True) if f is None) if any(f == () for f in found) else None
    return () if annotation in (str, Path) else None


def _unquoted(text: str) -> str | None:
    """What is inside the quotes around a text; None where there are none around all of it."""
    text = text.strip()
    if text[:1] not in ("'", '"') or text[-1] != text[0]:
        return None
    try:
        found = parse(text, "")
    except UsageError:
        return None
    return found if isinstance(found, str) else None


def annotation_at(recipe: Mapping[str, Any], key: Key, host: Host) -> Any:
    """The annotation of what stands at a full key of a recipe; `Any` where nothing is known of it.

    Args:
        recipe: as plain data, in which components need not have options, nor all of them names.
        key: the key.
        host: where components are looked up. One that cannot be had is for others to report.
    """
    if key in COMPONENTS:
        return NAMED
    if len(key) == 1:
        return typing.get_type_hints(Recipe, include_extras=True).get(key[0], Any)
    *above, last = key
    entry: Any = recipe
    for part in above:
        entry = entry.get(part) if isinstance(entry, Mapping) else None
    entry = {"name": entry} if isinstance(entry, str) else entry if isinstance(entry, Mapping) else {}
    if tuple(above) in COMPONENTS:
        kind = COMPONENTS[tuple(above)]
        return str if last == "name" else annotation_of(kind, entry.get("name"), last, host, recipe.get("domain"))
    if len(above) == 3 and above[0] in ROLES and above[1] == "regularizers":
        return str if last == "kind" else annotation_of("regularizer", entry.get("kind", above[2]), last, host)
    return Any


def annotation_of(kind: Kind, name: Any, option: str, host: Host, domain: Any = None) -> Any:
    """The annotation of a component's option; `Any` where there is no such component or option."""
    of = domain if kind in OF_ONE_DOMAIN else None
    if name is None and of is not None:  # one that is alone need not be named
        names = [entry.name for entry in host.entries(kind, of)]
        name = names[0] if len(names) == 1 else None
    if not isinstance(name, str):
        return Any
    try:
        target = load_component(host, kind, name, of)
    except (DetenteError, ValueError):
        return Any
    option = getattr(target, "renamed", {}).get(option, option)
    return next((each.type for each in options_of(target) if each.name == option), Any)
