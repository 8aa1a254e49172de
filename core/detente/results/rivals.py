"""One side of the comparison that a search ends with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detente.recipe.keys import put
from detente.results.cells import Arm
from detente.results.contradictions import made_for


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


def rivals_in(entries: Sequence[Mapping[str, Any]], settings: Sequence[str]) -> tuple[list[Rival], str | None]:
    """Those that a trials.json has, or none and why they do not go together.

    Args:
        entries: as its schema has them.
        settings: the names of the search's settings.
    """
    found = [Rival(Arm(e["text"], e["slug"]), tuple(e["roles"]), e["recipe"], e.get("changes", {})) for e in entries]
    if not all(rival.fits(name) for rival in found for name in settings):
        return [], "changes are to keys that their recipes do not have"
    if found and "winner" not in found[0].roles:  # whom the others are compared with
        return [], "the first of them is not the winner"
    for rival in found:
        if not made_for(rival.arm.slug, rival.arm.text):
            return [], f"the folder {rival.arm.slug} was made for another arm than {rival.arm.text!r}"
    return found, None
