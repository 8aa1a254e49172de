"""A finding, the rules that make them, and what rules ask about a game."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Literal, NamedTuple

from detente.checks.trial import Trial
from detente.engine.game import Game
from detente.engine.layers import Layer, layers
from detente.engine.player import Player
from detente.engine.regularizer import Passes, Regularizer
from detente.errors import UsageError

Level = Literal["refuse", "warn"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of a combination that the user should know before training."""

    code: str
    level: Level
    where: str
    what: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}, because {self.why}. {self.fix} [{self.code}]"

    def plain(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


class Fault(NamedTuple):
    """What a rule has found, without the rule's own code and level."""

    where: str
    what: str
    why: str
    fix: str


@dataclass
class Context:
    """A game, and what the rules ask about it. A regularizer is known by its traits alone."""

    game: Game
    warmed_up: bool
    trial: Trial = field(default_factory=Trial)
    """What one update on a copy showed; nothing where none was played."""

    @property
    def players(self) -> tuple[Player, Player]:
        """The discriminator and the generator."""
        return self.game.discriminator, self.game.generator

    def active(self, player: Player) -> list[Regularizer]:
        """A player's regularizers without those that are switched off for good."""
        return [link for link in player.regularizer.links if not link.is_off()]

    def input_gradients(self) -> list[Regularizer]:
        """The discriminator's regularizers that differentiate it with respect to single samples."""
        return [link for link in self.active(self.game.discriminator) if _passes(link).gradient and not link.couples]

    def slope_targets(self) -> list[Regularizer]:
        """The discriminator's penalties with a target slope other than 0."""
        return [link for link in self.active(self.game.discriminator) if link.slope_target]


@dataclass(frozen=True, slots=True)
class Rule:
    """Looks at a game and yields findings of one code and level."""

    code: str
    level: Level
    find: Callable[[Context], Iterator[Fault]]

    def __call__(self, c: Context) -> Iterator[Finding]:
        """The findings about a game."""
        for fault in self.find(c):
            yield Finding(self.code, self.level, *fault)


def refuses(code: str) -> Callable[[Callable[[Context], Iterator[Fault]]], Rule]:
    """Make a rule of a function: what it yields stops a recipe that does not allow the code."""
    return lambda find: Rule(code, "refuse", find)


def warns(code: str) -> Callable[[Callable[[Context], Iterator[Fault]]], Rule]:
    """Make a rule of a function: what it yields is printed and kept."""
    return lambda find: Rule(code, "warn", find)


def _passes(link: Regularizer) -> Passes:
    """The passes of a regularizer; those of a stranger's may be anything."""
    found: object = link.passes()
    if not isinstance(found, Passes):
        raise UsageError(f"{link.name}: its passes returned {found!r}, and should return Passes(gradient=1), say.")
    return found


def one_lipschitz(link: Regularizer) -> bool:
    """Whether it makes layers 1-Lipschitz by the length of their weights, as spectral normalization does."""
    return link.normalizes_weights and link.bounds_critic


def touched(player: Player, link: Regularizer) -> list[Layer]:
    """The layers that it acts on; none where its `where` names no layer."""
    try:
        return layers(player.network, link.where)
    except UsageError:
        return []


def at(player: Player, link: Regularizer) -> str:
    """Where a finding stands, as a recipe spells it."""
    return f"{player.role}.regularizers.{link.name}"
