"""Which nodes of a cluster may train: those with our versions, and not those where everything fails.

One bad machine that fails at once takes the next cell, and the next, until all have failed. So a cell that fails is
tried on another node: fails it there, too, it is the cell's own fault, and otherwise the node's.
"""

import platform
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from importlib import metadata
from typing import Generic, TypeVar

from detente.plugins import discover

MOST = 3
"""Failures in a row, by the node's fault as far as is known, after which it gets no more."""

C = TypeVar("C", bound=Hashable)


class Nodes(Generic[C]):
    """What is known of a cluster's nodes; a cell is whatever is trained there.

    Attributes:
        alive: those with a processor that are there now, by their id, with a name for people.
        unfit: why a node cannot be used, as a part of a sentence.
    """

    def __init__(self) -> None:
        self.alive: dict[str, str] = {}
        self.unfit: dict[str, str] = {}
        self._blamed: defaultdict[str, list[C]] = defaultdict(list)
        self._out: set[str] = set()

    @property
    def fit(self) -> list[str]:
        """Nodes that have what it takes."""
        return [node for node in self.alive if node not in self.unfit]

    @property
    def quarantined(self) -> list[str]:
        """Nodes that are left out because too much failed there, while there were others that did better."""
        return [node for node in self.fit if node in self._out]

    @property
    def good(self) -> list[str]:
        """Nodes that get cells."""
        out = self.quarantined
        return [node for node in self.fit if node not in out]

    def not_for(self, cell: C) -> list[str]:
        """Nodes that must not get a cell: the bad ones, and, where there are others, those where it failed before."""
        own = [node for node, cells in self._blamed.items() if cell in cells]
        if not [node for node in self.good if node not in own]:
            own = []
        return sorted({*self.unfit, *self.quarantined, *own} & {*self.alive})

    def succeeded(self, node: str) -> None:
        """A cell was trained there."""
        self._blamed[node].clear()
        self._weigh()

    def failed(self, node: str, cell: C) -> bool:
        """A cell failed there; whether it may be the node's fault, so that it should be tried on another."""
        before = [other for other, cells in self._blamed.items() if cell in cells and other != node]
        for other in before:
            self._blamed[other].remove(cell)
        again = not before and self.lost(node, cell)
        self._weigh()
        return again

    def lost(self, node: str, cell: C) -> bool:
        """What trained a cell there was killed, which says nothing of other nodes; whether there is another one."""
        if not [other for other in self.good if other != node]:
            return False
        if cell not in self._blamed[node]:
            self._blamed[node].append(cell)
        self._weigh()
        return True

    def _weigh(self) -> None:
        for node in self.fit:
            if len(self._blamed[node]) < MOST:
                self._out.discard(node)
            elif [other for other in self.good if other != node]:
                self._out.add(node)


def versions(block: Sequence[str] = ()) -> dict[str, str]:
    """What must be alike on all machines; imports nothing that is large.

    Args:
        block: names of plugins that are not loaded.
    """
    found = {"Python": platform.python_version()}
    found |= {name: metadata.version(name) for name in ("torch", "detente")}
    for plugin in discover(block).plugins:
        if plugin.status == "ok":
            commit = plugin.origin.commit
            at = f" ({commit[:12]}{commit[40:]})" if commit else ""  # behind the hash stands whether files were changed
            found[plugin.origin.distribution] = f"{plugin.origin.version}{at}"
    return found


def mismatch(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """In which versions another machine differs, as a part of a sentence; nothing where in none."""
    return ", ".join(
        f"{name} is {there.get(name, 'missing')} there and {here.get(name, 'missing')} here"
        for name in {**here, **there}
        if here.get(name) != there.get(name)
    )
