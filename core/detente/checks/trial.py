"""One update on a copy of the game, before training: what would end a run at once, and what has no effect."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from detente.checks.blame import blamed_in
from detente.engine.game import Game
from detente.engine.layers import inserted
from detente.engine.player import Player
from detente.engine.sample import Batch
from detente.engine.step import Role
from detente.errors import DetenteError, UsageError, one_line


@dataclass(frozen=True)
class Trial:
    """What the update showed."""

    idle: tuple[tuple[str, str, str], ...] = ()
    """Player, layer and regularizer of whatever was inserted and did not run."""
    silent: tuple[tuple[str, str], ...] = ()
    """Player and name of penalties that had no value."""


def tried(game: Game, batches: Sequence[Batch]) -> Trial:
    """Play one step of a copy; the game itself, its random streams and the caller's stay as they are.

    Args:
        game: as it will be trained.
        batches: real samples as `Game.step` takes them, one per critic step.

    Raises:
        UsageError: naming the player or the regularizer that cannot be copied, run, differentiated or deployed.
    """
    with torch.random.fork_rng(_devices(game)):
        twin = copied(game)
        players = (twin.discriminator, twin.generator)
        running = [(player.role, _Running(player.network)) for player in players]
        with blamed_in(*players):
            silent = [(p.role, name) for p in players for name in _silent(twin, p, batches[-1])]
            with _fitting(twin):
                twin.step(*batches)
            idle = [(role, layer, name) for role, seen in running for layer, name in seen.idle()]
            _deploy(twin)
    return Trial(tuple(idle), tuple(silent))


def _devices(game: Game) -> list[int]:
    return sorted({p.device.index or 0 for p in game.generator.parameters if p.device.type == "cuda"})


def copied(game: Game) -> Game:
    """A game of the same players, which can be played without a trace in this one.

    Raises:
        UsageError: a player cannot be copied.
    """
    memo = {id(game.domain): game.domain}  # holds extractors, which nobody trains
    try:
        twin = copy.deepcopy(game, memo)
    except RuntimeError as error:
        raise UsageError(
            f"a player cannot be copied, as every evaluation and average does ({one_line(error)}). A network cannot "
            "keep a computed tensor as an attribute, as torch.nn.utils.weight_norm and spectral_norm do: use those of "
            "torch.nn.utils.parametrizations, or the regularizers weight-norm and spectral-norm."
        ) from error
    twin.watch = None
    return twin


def _silent(game: Game, player: Player, batch: Batch) -> Iterator[str]:
    """Compute and differentiate each penalty by itself; the names of those without a value."""
    penalties = [link for link in player.regularizer.links if "penalty" in link.defines()]
    if not penalties:
        return
    step = game.look(player.role, batch)
    for link in penalties:
        if link.inactive(step.m):
            continue
        with _blamed(player.role, link.name):
            value = link.penalty(step.seen_by(link.name))
            if value is not None:
                player.prove(link.name, value)
                torch.autograd.grad(value, player.parameters, retain_graph=True, allow_unused=True)
            elif not link.watches:
                yield link.name


@contextmanager
def _blamed(role: Role, name: str) -> Iterator[None]:
    try:
        yield
    except (DetenteError, torch.OutOfMemoryError):
        raise
    except (RuntimeError, ValueError, TypeError) as error:
        why = one_line(error)
        hint = "Remove it, or change the network."
        if "derivative for" in why or "double backward" in why:
            hint = (
                "The penalty needs a second derivative, which a layer of the network does not have. Attention has one "
                "under torch.nn.attention.sdpa_kernel(SDPBackend.MATH); or remove the penalty."
            )
        raise UsageError(f"{role}.regularizers.{name}: its first update fails ({why}). {hint}") from error


@contextmanager
def _fitting(game: Game) -> Iterator[None]:
    """Name the regularizers that are inside the networks where an update fails: they may not fit, as under vmap."""
    try:
        yield
    except (DetenteError, torch.OutOfMemoryError):
        raise
    except (RuntimeError, ValueError, TypeError) as error:
        players = (game.discriminator, game.generator)
        inside = [
            f"{p.role}.regularizers.{x.name}" for p in players for x in p.regularizer.links if "rewrite" in x.defines()
        ]
        if not inside:
            raise
        raise UsageError(
            f"{', '.join(inside)}: the first update fails ({one_line(error)}). Remove it, or change the network."
        ) from error


class _Running:
    """Which of the modules that regularizers inserted have run."""

    def __init__(self, net: nn.Module) -> None:
        self.places = {id(child): (layer, name) for layer, name, child in inserted(net)}
        self.ran: set[int] = set()
        for _, _, child in inserted(net):
            child.register_forward_hook(lambda module, inputs, output: self.ran.add(id(module)))

    def idle(self) -> list[tuple[str, str]]:
        return [place for child, place in self.places.items() if child not in self.ran]


def _deploy(game: Game) -> None:
    """Hand both networks out, as evaluations and exports do."""
    for player in (game.generator, game.discriminator):
        try:
            player.deployed()
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            names = ", ".join(link.name for link in player.regularizer.links) or "the network"
            raise UsageError(f"{player.role}: {names} cannot be deployed ({one_line(error)}).") from error
