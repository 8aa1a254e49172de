"""A finding, and what the rules ask about a game."""

from dataclasses import asdict, dataclass
from typing import Literal

from detente.engine.combinators import unwrap
from detente.engine.game import Game
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a combination that a person should know before it trains."""

    code: str
    level: Literal["refuse", "warn"]
    where: str
    what: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}, because {self.why}. {self.fix} [{self.code}]"

    def plain(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


@dataclass
class Context:
    """A game, and what the rules ask about it."""

    game: Game
    warmed_up: bool

    @property
    def players(self) -> tuple[Player, Player]:
        """The discriminator and the generator."""
        return self.game.discriminator, self.game.generator

    def input_penalties(self) -> list[Regularizer]:
        """The discriminator's penalties that differentiate with respect to single samples."""
        links = self.game.discriminator.regularizer.links
        return [x for x in links if "penalty" in x.defines() and x.passes().gradient and not x.couples and not off(x)]

    def of(self, player: Player, *kinds: type[Regularizer]) -> list[Regularizer]:
        """A player's active regularizers of some kinds."""
        return [x for x in player.regularizer.links if isinstance(unwrap(x), kinds) and not off(x)]


def off(link: Regularizer) -> bool:
    """Whether it is switched off for good, and not only at the start of a line along which it is annealed."""
    inner = unwrap(link)
    annealed = getattr(link, "ramps", {}) or getattr(getattr(link, "inner", None), "ramps", {})
    return inner.off is not None and not annealed and all(getattr(inner, k) == v for k, v in inner.off.items())


def at(player: Player, link: Regularizer) -> str:
    """Where a finding stands, as a recipe spells it."""
    return f"{player.role}.regularizers.{link.name}"
