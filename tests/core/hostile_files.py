"""Files that somebody damaged or edited by hand: every field changed in every way, and bytes that are none.

The tests take some of these; all of them are `sweep` in a scratch script.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detente.recipe.document import dump

HUGE = 10**400

WHOLE: dict[str, bytes] = {
    "empty": b"",
    "noise": bytes(range(256)) * 3,
    "NUL": b"\x00" * 64,
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "null": b"null\n",
    "list": b"[1, 2]\n",
    "number": b"7\n",
    "text": b'"words"\n',
    "deep": b"[" * 100_000,
    "deep mapping": b'{"a":' * 100_000,
    "many digits": b'{"format": ' + b"9" * 5000 + b"}",
    "empty mapping": b"{}\n",
}
"""What a whole file may have become."""


def instead(value: Any) -> Iterator[tuple[str, Any]]:
    """What may stand in a field's place, by what is wrong with it."""
    yield "null", None
    yield "list", [1, "x"]
    yield "mapping", {"x": 1}
    yield "empty list", []
    yield "empty mapping", {}
    yield "true", True
    yield "text", "words"
    yield "empty text", ""
    yield "path", "../../../elsewhere"
    yield "escape", "\x1b[31m\x00"
    yield "fraction", 0.5
    yield "negative", -1
    yield "huge", HUGE
    yield "infinite", float("inf")
    yield "NaN", float("nan")
    yield "number", 3


def changed(data: Any, depth: int = 5, most: int = 2) -> Iterator[tuple[str, str, Any]]:
    """Copies of plain data with one field missing or other: key, what is wrong, the copy.

    Args:
        depth: how deep fields are changed.
        most: entries of a list, and of a mapping at depth, that are gone into.
    """
    for path, value in _paths(data, depth, most):
        key = ".".join(map(str, path))
        yield key, "missing", _without(data, path)
        for what, other in instead(value):
            if type(other) is not type(value) or other != value:
                yield key, what, _with(data, path, other)


def _paths(data: Any, depth: int, most: int, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if depth == 0:
        return
    items = list(data.items()) if isinstance(data, dict) else list(enumerate(data)) if isinstance(data, list) else []
    for key, value in items if isinstance(data, dict) else items[:most]:
        yield (*path, key), value
        yield from _paths(value, depth - 1, most, (*path, key))


def _with(data: Any, path: tuple[Any, ...], other: Any) -> Any:
    found = copy.deepcopy(data)
    node = found
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = other
    return found


def _without(data: Any, path: tuple[Any, ...]) -> Any:
    found = copy.deepcopy(data)
    node = found
    for key in path[:-1]:
        node = node[key]
    del node[path[-1]]
    return found


def as_json(data: Any) -> bytes:
    return json.dumps(data).encode()


def as_yaml(data: Any) -> bytes:
    return dump(data).encode()


def bytes_of(path: Path) -> dict[str, bytes]:
    """What becomes of a whole file: noise of many kinds, and its own beginning."""
    content = path.read_bytes()
    return {**WHOLE, "first half": content[: len(content) // 2], "last half": content[len(content) // 2 :]}
