"""The settings at which a study trains its arms: `lr=/4`, `lr=x1`, `lr=x4`, each with seeds of its own."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detente.recipe.keys import put
from detente.recipe.settings import factor

APART = 10_000
"""Seeds of one setting are so far from those of the next."""


@dataclass(frozen=True)
class Setting:
    """One of them.

    Attributes:
        name: of all its values, `lr=/4, batch=64`.
        values: key → value as text; what is relative to each arm's recipe begins with x or /.
        seeds: those of its blocks.
        changes: domain → slug of an arm → dotted key → value, what differs from that arm's recipe.
    """

    name: str
    values: Mapping[str, str]
    seeds: tuple[int, ...]
    changes: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def place(self, key: str) -> float | None:
        """Where it stands on the axis of a key, in octaves; None where its value is no number above 0."""
        return octave(self.values.get(key, ""))

    def missing(self, recipes: Mapping[str, Iterable[str]]) -> list[str]:
        """The arms of whose recipes it does not say what differs; that nothing does is said, too.

        Args:
            recipes: domain → slugs of its arms.
        """
        return [
            f"{domain}.{slug}"
            for domain, slugs in recipes.items()
            for slug in slugs
            if slug not in self.changes.get(domain, {})
        ]

    def recipe(self, base: Mapping[str, Any], domain: str, slug: str) -> dict[str, Any]:
        """An arm's recipe at this setting.

        Raises:
            KeyError, TypeError: its changes are to keys that the recipe does not have.
        """
        return put(base, self.changes.get(domain, {}).get(slug, {}))


def settings(content: Mapping[str, Any]) -> list[Setting]:
    """Those that a manifest names, in its order; none where nothing was varied."""
    return [
        Setting(entry["name"], entry["values"], tuple(entry["seeds"]), entry.get("changes") or {})
        for entry in content.get("settings") or ()
    ]


def octave(text: str) -> float | None:
    """The logarithm to base 2 of a number or a factor."""
    value = factor(text)
    try:
        value = float(text) if value is None else value
    except ValueError:
        return None
    return math.log2(value) if 0 < value < math.inf else None


def axis(found: Sequence[Setting]) -> str | None:
    """The first key along which the settings can be laid out in octaves; None where there is none."""
    keys = list(found[0].values) if found else []
    for key in keys:
        places = [one.place(key) for one in found]
        if None not in places and len(set(places)) > 1:
            return key
    return None
