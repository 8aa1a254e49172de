"""One side of the comparison that a search ends with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detente.recipe.keys import put
from detente.results.cells import Arm


@dataclass(frozen=True)
class Rival:
    """One side of the comparison on new seeds.

    Attributes:
        roles: what it is: `winner`, `default`, `none`; two of them where those are one recipe.
        recipe: without a seed.
        changes: name of a setting → dotted key → value, what differs there.
    """

    arm: Arm
    roles: tuple[str, ...]
    recipe: dict[str, Any]
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])

    def at(self, setting: str) -> dict[str, Any]:
        """Its recipe at a setting.

        Raises:
            KeyError, TypeError: its changes are to keys that the recipe does not have.
        """
        return put(self.recipe, self.changes.get(setting, {}))

    def fits(self, setting: str) -> bool:
        """Whether its changes are to keys that it has."""
        try:
            return bool(self.at(setting))
        except (KeyError, TypeError):
            return False
