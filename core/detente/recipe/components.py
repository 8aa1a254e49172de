"""From names and options to components."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from detente.domains.contracts import Data, Domain, Metric, Model
from detente.engine.combinators import annealed, lazily
from detente.engine.objectives import Objective
from detente.engine.regularizer import Regularizer, named, points_of
from detente.engine.schedule import Ramp
from detente.plugins import Host
from detente.plugins.registry import Kind
from detente.recipe.options import Checked, check, options_of

BASES: Mapping[Kind, type] = {
    "domain": Domain,
    "data": Data,
    "model": Model,
    "objective": Objective,
    "regularizer": Regularizer,
    "metric": Metric,
}


def load_component(host: Host, kind: Kind, name: str, domain: str | None = None) -> Any:
    """The target of a name; a class is checked to be of the right kind.

    Raises:
        UsageError: there is no such name.
        PluginError: it cannot be loaded, or is not what its plugin declares.
    """
    found = host.load(kind, name, domain)
    base = BASES.get(kind)
    if base is not None and isinstance(found, type) and not issubclass(found, base):
        entry = host.entry(kind, name, domain)
        raise entry.unusable(f"{entry.target} is not a subclass of {base.__name__}")
    return found


@dataclass(frozen=True)
class Part:
    """A component that a recipe names: what makes it, and its options once they are checked."""

    target: Any
    checked: Checked

    def make(self) -> Any:
        """The component itself.

        Raises:
            UsageError: it refuses its options.
        """
        return self.target(**self.checked.arguments)

    def ramps(self, updates: int) -> dict[str, Ramp]:
        """The schedules of its options, for a player that is updated so often in the whole run."""
        lines = self.checked.lines.items()
        return {name: Ramp(line.start, line.end, line.updates(updates), line.shape) for name, line in lines}


@dataclass(frozen=True)
class RegularizerPart(Part):
    """One entry of a player's regularizers, taken apart.

    Attributes:
        name: of the instance.
        every: as the recipe has it; None where it was not given, or where the constructor takes an `every` of its own.
        own_every: whether that is so.
    """

    name: str = ""
    every: Any = None
    own_every: bool = False

    @classmethod
    def of(cls, target: Any, name: str, entry: Mapping[str, Any]) -> "RegularizerPart":
        """Separate what every regularizer understands from this one's own options, and check those."""
        options = {k: v for k, v in entry.items() if k != "kind"}
        own = any(option.name == "every" for option in options_of(target))
        every = None if own else options.pop("every", None)
        checked = check(target, options, anneal=True, reserved=("every", "kind"))
        return cls(target, checked, name, every, own)

    def make(self, updates: int = 1) -> Regularizer:
        """The regularizer, lazy and annealed as asked.

        Args:
            updates: of its player in the whole run, which a share of it refers to.

        Raises:
            UsageError: the regularizer refuses its options, or cannot be lazy or annealed.
        """
        made: Regularizer = named(self.name, super().make())
        return annealed(lazily(made, self.every or 1), **self.ramps(updates))


class Link(NamedTuple):
    """What a regularizer's class says of its instances."""

    name: str
    players: tuple[str, ...]
    needs: tuple[str, ...]
    averages: bool
    changes_itself_only: bool
    points: frozenset[str]

    @classmethod
    def of(cls, part: RegularizerPart, kind: str) -> "Link":
        """From the class; where a function makes the instances, from one of them."""
        says = part.target if isinstance(part.target, type) else part.make()
        points = points_of(says) if isinstance(says, type) else says.defines()
        return cls(kind, says.players, says.needs, says.averages, says.changes_itself_only, points)

    def defines(self) -> frozenset[str]:
        return self.points
