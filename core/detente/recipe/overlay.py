"""Layers of a recipe laid over each other, with a record of which source said what."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from detente.errors import UsageError
from detente.plugins.registry import Kind
from detente.recipe.document import Key

COMPONENTS: Mapping[Key, Kind] = {
    ("data",): "data",
    ("model",): "model",
    ("objective",): "objective",
    ("generator", "optimizer"): "optimizer",
    ("discriminator", "optimizer"): "optimizer",
}

ROLES = ("generator", "discriminator")


def as_flag(key: str) -> str:
    """A key of the recipe as a flag of the command line."""
    return f"--{key.replace('_', '-')}"


class Overlay:
    """Layers of a recipe, each over the one before, with a record of which source said what.

    Mappings merge key by key with three exceptions. A component of another name replaces the one that was there, with
    its options, while options for the same one are merged. A player's regularizers replace those of the layers below,
    for otherwise nothing could take one away. The value of an option is never merged.

    Args:
        current: gives the name that a component at a key has now, for one that it may have had before.

    Attributes:
        complete: whether one of the layers says everything, as recipes that were resolved before do.
    """

    def __init__(self, current: Callable[[Key, str], str] = lambda key, name: name) -> None:
        self._current = current
        self.values: dict[str, Any] = {}
        self._sources: dict[Key, str] = {}
        self.usual: set[str] = set()
        """The sources that nobody chose: what packages recommend."""
        self.complete = False

    def lay(self, values: Mapping[str, Any], source: str) -> None:
        """Put a whole layer on top."""
        for key, value in values.items():
            self.put((key,), value, source)

    def put(self, key: Key, value: Any, source: str) -> None:
        """Put one value on top.

        Raises:
            UsageError: something on the way to the key has no parts.
        """
        if key[:-1] in COMPONENTS and key[-1] == "name":
            key, value = key[:-1], {"name": value}
        if key in COMPONENTS:
            self._component(key, value, source)
        elif len(key) == 1 and key[0] in ROLES and (value is None or isinstance(value, Mapping)):
            for part, inner in (value or {}).items():
                self.put((*key, part), inner, source)
        else:
            self._set(key, value, source)

    def source(self, key: Key, default: str) -> str:
        """Who said what stands at a key, or at the nearest key above it."""
        for n in range(len(key), 0, -1):
            if key[:n] in self._sources:
                return self._sources[key[:n]]
        return default

    def place(self, key: Key, default: str) -> str:
        """Where a value was given, for an error: source and dotted key, or the flag alone if it has the key's name."""
        source, dotted = self.source(key, default), ".".join(key)
        return source if source == as_flag(dotted) else f"{source}: {dotted}"

    def sources(self, keys: Iterable[Key], default: str) -> dict[Key, str]:
        """Who said last what stands at each key or below it: of a component its options, if any were given."""
        found: dict[Key, str] = {}
        for key in keys:
            inside = {other: source for other, source in self._sources.items() if other[: len(key)] == key}
            options = [source for other, source in inside.items() if other[-1] != "name"]
            found[key] = (options or [*inside.values()] or [self.source(key, default)])[-1]
        return found

    def get(self, key: Key) -> Any:
        """What stands at a key; None where nothing does."""
        found: Any = self.values
        for part in key:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def _component(self, key: Key, value: Any, source: str) -> None:
        if isinstance(value, str):
            value = {"name": value}
        if isinstance(value, Mapping) and isinstance(value.get("name"), str):
            value = {**value, "name": self._current(key, value["name"])}
        before = self.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if value.get("name", before.get("name")) == before.get("name"):
                for option, inner in value.items():
                    self._set((*key, option), inner, source)
                return
        self._set(key, value, source)

    def _set(self, key: Key, value: Any, source: str) -> None:
        node = self.values
        for n, part in enumerate(key[:-1], start=1):
            child = node.get(part)
            if child is None:
                child = node[part] = {}
            if not isinstance(child, dict):
                raise UsageError(f"{source}: {'.'.join(key)}: {'.'.join(key[:n])} is {child!r}, which has no keys.")
            node = child
        for old in [old for old in self._sources if old[: len(key)] == key]:
            del self._sources[old]
        self._sources[key] = source
        node[key[-1]] = copy.deepcopy(dict(value) if isinstance(value, Mapping) else value)
