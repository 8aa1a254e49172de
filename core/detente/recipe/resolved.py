"""A recipe whose names are looked up and whose options are checked: what each component is made by, kept beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detente.domains.primary import Primary, primary_among
from detente.engine.regularizer import Regularizer
from detente.engine.schedule import Ramp
from detente.engine.step import Role
from detente.errors import DetenteError, UsageError
from detente.recipe.components import Part, RegularizerPart
from detente.recipe.document import Key
from detente.recipe.schema import Recipe


def brought(model: Part) -> Primary | None:
    """The primary score that a model has instead of its domain's, if it has.

    Raises:
        UsageError: the model refuses its options.
    """
    return model.make().primary


def metrics_of(model: Part) -> tuple[str, ...]:
    """The names of the metrics that a model brings; none where it refuses its options, which building it says."""
    try:
        return model.make().metrics
    except DetenteError:
        return ()


@dataclass(frozen=True)
class Resolved:
    """A recipe with all that it names. Each component is made by one call, anew at every call.

    Attributes:
        recipe: with every default in it.
        parts: what makes each component, by its key: `("model",)`, `("generator", "optimizer")`, `("metrics", "prdc")`,
            `("discriminator", "regularizers", "r1")`.
        sources: the file or flag that each of these keys is from; none for a recipe that is merely taken again.
    """

    recipe: Recipe
    parts: Mapping[Key, Part]
    sources: Mapping[Key, str] = field(default_factory=dict)

    def where(self, *key: str) -> str:
        """A key, and who said what stands there, for the start of an error."""
        source = self.sources.get(key)
        return f"{source}: {'.'.join(key)}" if source else ".".join(key)

    def make(self, *key: str) -> Any:
        """The component at a key.

        Raises:
            UsageError: it refuses its options.
        """
        return self.parts[key].make()

    def primary(self) -> Primary:
        """The score that carries comparisons: the one that the recipe chooses, else the domain's.

        Where the model has one of its own, a recipe that chooses none was given that when it was resolved.

        Raises:
            UsageError: no metric of the recipe has the chosen one, or it has no better direction.
        """
        usual: Primary = self.make("domain").primary
        chosen = self.recipe.metric
        if chosen is None:
            return usual
        own = brought(self.parts["model",])
        metrics = dict(zip(self.recipe.metrics or (), self.metrics(), strict=True))
        try:
            return primary_among(chosen, [own, usual] if own else [usual], metrics)
        except UsageError as error:
            source = self.sources.get(("metric",))
            said = source if source == "--metric" else self.where("metric")
            raise UsageError(f"{said}: {error}") from error

    def metrics(self) -> tuple[Any, ...]:
        """The metrics, in the order of the recipe."""
        return tuple(self.make("metrics", name) for name in self.recipe.metrics or ())

    def schedules(self, role: Role) -> dict[str, Ramp]:
        """The schedules of a player's optimizer, such as that of "lr", over its updates in the whole run."""
        return self.parts[role, "optimizer"].ramps(self.recipe.updates(role))

    def regularizers(self, role: Role) -> list[RegularizerPart]:
        """What a player's chain consists of, in order."""
        found = (self.parts[role, "regularizers", name] for name in self.recipe.player(role).regularizers)
        return [part for part in found if isinstance(part, RegularizerPart)]

    def regularizer(self, role: Role, name: str) -> Regularizer:
        """One regularizer of a player, lazy and annealed as the recipe asks.

        Raises:
            UsageError: it refuses its options, or cannot be lazy or annealed.
        """
        part = self.parts[role, "regularizers", name]
        assert isinstance(part, RegularizerPart), "a chain consists of regularizers"
        return part.make(self.recipe.updates(role))
