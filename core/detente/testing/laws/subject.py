"""What a law is tested on: a regularizer, in a game, on one of its players."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from detente.domains.contracts import Data, Domain, Model
from detente.engine.chain import chain
from detente.engine.game import Game
from detente.engine.objectives import NonSaturating, Objective
from detente.engine.player import Ineffective, Player, WrongPenalty
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Batch, to
from detente.engine.step import Role, Step
from detente.errors import UsageError
from detente.testing.probe import Plain

F64 = torch.float64


class Broken(Exception):
    """A law does not hold."""


class Skip(Exception):
    """A law does not apply here."""


class Dead(Skip):
    """A penalty depends on nothing that its player can change: a fault, unless it does somewhere else."""


@contextmanager
def where_it_can_be_used() -> Iterator[None]:
    """A refusal means that a law does not apply; a penalty of the wrong form breaks it."""
    try:
        yield
    except WrongPenalty as wrong:
        raise Broken(str(wrong)) from wrong
    except Ineffective as dead:
        raise Dead(str(dead)) from dead
    except UsageError as reason:
        raise Skip(f"cannot be used there: {reason}") from reason


@dataclass
class Case:
    """A domain with data and a model: games to try a regularizer in."""

    name: str
    domain: Domain
    data: Data
    model: Model
    size: int = 6
    dtype: torch.dtype = F64

    def batch(self, k: int = 0) -> Batch:
        """The k-th batch."""
        index = (torch.arange(self.size) + k * self.size) % len(self.data)
        x, labels = self.data.batch(index)
        if labels is not None and labels.is_floating_point():
            labels = labels.to(self.dtype)
        return Batch(to(x, dtype=self.dtype), labels if self.model.conditional else None)

    def game(
        self,
        role: Role,
        *regularizers: Regularizer,
        adam: bool = True,
        lr: float = 1e-2,
        objective: Objective | None = None,
        autocast: torch.dtype | None = None,
        simultaneous: bool = False,
    ) -> Game:
        """A fresh game, equal every time, with the regularizers on one player.

        Raises:
            UsageError: they cannot be used there.
        """
        torch.manual_seed(7)
        networks = self.model.build(self.data.space)
        for net in networks:
            net.to(self.dtype)

        def optimizer(parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
            if adam:
                return torch.optim.Adam(parameters, lr=lr, betas=(0.5, 0.9))
            return torch.optim.SGD(parameters, lr=lr)

        sides = {role: chain(*regularizers)}
        return Game(
            Player("generator", networks.generator, optimizer, sides.get("generator")),
            Player("discriminator", networks.discriminator, optimizer, sides.get("discriminator")),
            objective or NonSaturating(),
            self.domain,
            self.model.latents,
            space=self.data.space,
            seed=3,
            auxiliary=self.model.auxiliary if type(self.model).auxiliary is not Model.auxiliary else None,
            autocast=autocast,
            simultaneous=simultaneous,
        )


@dataclass
class Subject:
    """A regularizer, the case that it is tested in, and its player."""

    make: Callable[[], Regularizer]
    case: Case
    role: Role

    def game(self, *more: Regularizer, **options: Any) -> Game:
        """A game with one instance of it, and `more` behind; if it cannot be used there, the law does not apply."""
        with where_it_can_be_used():
            one = self.make()
            return self.case.game(self.role, one, *more, **self.play(one), **options)

    def play(self, one: Regularizer) -> dict[str, Any]:
        """How the game must be played for it."""
        return {"simultaneous": True} if one.needs_simultaneous else {}

    def player(self, game: Game) -> Player:
        """The player that it is used on."""
        return game.player(self.role)

    def link(self, game: Game) -> Regularizer:
        """The instance in a game."""
        return self.player(game).regularizer.links[0]

    def needs(self, point: str) -> Regularizer:
        """An instance, if it acts at this point."""
        one = self.make()
        if point not in one.defines():
            raise Skip(f"it has no {point}")
        return one

    def look(self, game: Game, name: str | None = None, k: int = 0) -> Step:
        """The step that it would see in this game."""
        return game.look(self.role, self.case.batch(k)).seen_by(name or self.link(game).name)

    def penalty(self, game: Game, name: str | None = None, k: int = 0) -> Tensor:
        """Its value there, a scalar; its statistics are as they were afterwards."""
        link = self.link(game)
        before = copy.deepcopy(link.state_dict())
        try:
            with where_it_can_be_used():
                value = link.penalty(self.look(game, name, k))
        finally:
            link.load_state_dict(before)
        if value is None:
            raise Skip("it adds nothing to the loss")
        return value


def same(a: dict[str, Any], b: dict[str, Any], what: str) -> None:
    """Broken unless all tensors that both hold are equal to the bit."""
    for key in a.keys() & b.keys():
        if isinstance(a[key], Tensor) and not torch.equal(a[key], b[key]):
            raise Broken(f"{what}: {key} differs by up to {(a[key] - b[key]).abs().max().item():.2g}")


def played(game: Game, case: Case, first: int, last: int) -> list[dict[str, Tensor]]:
    """Train steps `first` to `last`; if the regularizer cannot be used there, the law does not apply."""
    with where_it_can_be_used():
        return [game.step(case.batch(k)) for k in range(first, last)]


def _nothing(what: str) -> UsageError:
    return UsageError(
        f"plain_case() has no {what}: its laws bring their own. Take a case of `detente.testing.cases()`."
    )


class NoData(Data):
    """Data of laws that bring their own."""

    def __len__(self) -> int:
        return 0

    def batch(self, index: Tensor) -> Batch:
        raise _nothing("data")

    space: Any = None
    held_out = reference = batch  # type: ignore[assignment]
    identity = ""  # type: ignore[assignment]


class _NoModel(Model):
    def build(self, space: Any) -> Any:
        raise _nothing("model")


def plain_case() -> Case:
    """A case for laws that bring networks and samples of their own."""
    return Case("plain", Plain(), NoData(), _NoModel())
