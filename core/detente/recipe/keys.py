"""Plain data addressed by dotted keys."""

import json
from collections.abc import Mapping
from typing import Any


def put(recipe: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of plain data with other values at dotted keys."""
    found = json.loads(json.dumps(recipe))
    for key, value in params.items():
        *above, last = key.split(".")
        node: Any = found
        for part in above:
            node = node[part]
        node[last] = value
    return found


def at(recipe: Mapping[str, Any], key: str) -> Any:
    """What plain data have at a dotted key."""
    node: Any = recipe
    for part in key.split("."):
        node = node[part]
    return node


def flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested mappings as dotted keys."""
    if not isinstance(value, Mapping) or not value:
        return {key: value}
    return {k: v for name, inner in value.items() for k, v in flat(inner, f"{key}.{name}".lstrip(".")).items()}


def changed(before: Mapping[str, Any], after: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """What `put` needs to make one of two recipes of the other: dotted keys, each of the smallest part that differs.

    What has other keys, such as the options of another model, is one part.
    """
    found: dict[str, Any] = {}
    for key, value in after.items():
        old = before.get(key)
        if key in before and old == value and type(old) is type(value):
            continue
        if isinstance(old, Mapping) and isinstance(value, Mapping) and old.keys() == value.keys():
            if old and not any("." in inner for inner in old):
                found |= changed(old, value, f"{above}{key}.")
                continue
        found[f"{above}{key}"] = value
    return found
