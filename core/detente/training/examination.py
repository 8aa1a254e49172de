"""What an evaluation finds out about both players besides scores, for `detente doctor`; no number of training changes.

Everything is measured on copies, with keys of its own, and depends on nothing but the state of the game.
"""

import logging
import math

import torch
from torch import Tensor, nn

from detente.checks.trial import copied
from detente.engine.forward import call
from detente.engine.game import Game
from detente.engine.gradients import parameter_gradients, score
from detente.engine.player import Player
from detente.engine.sample import Batch, Sample, batch_size, leaves, rows
from detente.engine.step import Role
from detente.engine.streams import Stream
from detente.errors import one_line
from detente.training.build import Built

MOST = 256
"""Samples of each kind that the discriminator ranks."""
PIECE = 2048
"""Entries of samples that are looked at together; the result does not depend on it."""
_ROLES: tuple[Role, ...] = ("discriminator", "generator")

_log = logging.getLogger(__name__)


def examine(built: Built, samples: Sample, rng: Stream, labels: Tensor | None = None) -> dict[str, float]:
    """Measurements by name; one that does not apply is missing.

    It measures:
        G/spread: how much samples differ from each other, as the share of how much real data do: root of the mean
            variance over the batch.
        G/spread in a class: likewise how much samples of one class differ, where the model takes classes.
        D/memory: the share of pairs of a training sample and a held-out one in which the discriminator gives the
            training sample the higher score, ties as halves: about ½ unless it has memorized.
        D/NAME share, G/NAME share: how much of a player's gradient a regularizer makes: the norm of its part over the
            sum of that and the norm of what it is added to.
        D/NAME left, G/NAME left: the norm that a regularizer leaves of the gradient, over the norm before.

    A failure costs the measurements alone.

    Args:
        samples: the generator's, of this evaluation.
        rng: where the draws come from.
        labels: what the samples were made under.
    """
    found: dict[str, float] = {}
    real = built.data.real(batch_size(samples))
    if batch_size(real) > 1 and batch_size(samples) > 1 and (varied := spread(real)) > 0:
        found["G/spread"] = spread(samples) / varied
        known = built.data.real_labels(batch_size(real))
        if labels is not None and known is not None and built.data.space.classes is not None:
            inside = spread_in_classes(real, known)
            if inside > 0:
                found["G/spread in a class"] = spread_in_classes(samples, labels.cpu()) / inside
    devices = [built.device] if built.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices):
            twin = copied(built.game)
            if not built.model.conditional and batch_size(real):
                critic = twin.discriminator.deployed().eval()
                found["D/memory"] = memory(built, critic, real, rng.at("memory"))
            for role in _ROLES:
                found |= shares(twin, role, built, rng.at("batch"))
    except Exception as error:  # of a plugin's network; training does not need it
        _log.warning("the discriminator was not examined: %s", one_line(error))
    return found


def spread(x: Sample) -> float:
    """Root of the variance over the batch, averaged over all entries of all leaves."""
    # Piece by piece: in double precision a thousand sentences over a vocabulary of thousands would take a gigabyte.
    pieces = [piece.double().var(dim=0) for leaf in leaves(x) for piece in leaf.flatten(1).split(PIECE, dim=1)]
    return torch.cat(pieces).mean().sqrt().item()


def spread_in_classes(x: Sample, labels: Tensor) -> float:
    """The same within classes, their variances pooled; NaN where no class has two samples.

    Args:
        x: [n, ...] per leaf.
        labels: the class of each sample, [n].
    """
    of, count = labels.unique(return_inverse=True, return_counts=True)[1:]
    free = len(of) - len(count)
    if free == 0:
        return math.nan
    pieces: list[Tensor] = []
    for piece in (piece.double() for leaf in leaves(x) for piece in leaf.flatten(1).split(PIECE, dim=1)):
        means = piece.new_zeros(len(count), piece.shape[1]).index_add_(0, of, piece) / count[:, None]
        pieces.append((piece - means[of]).square().sum(0) / free)
    return torch.cat(pieces).mean().sqrt().item()


@torch.no_grad()
def memory(built: Built, critic: nn.Module, real: Sample, rng: Stream) -> float:
    """The share of pairs of a training and a held-out sample in which the critic prefers the training one."""
    index = torch.randperm(len(built.data), generator=rng.generator())[:MOST]
    seen = _scores(built, critic, built.data.batch(index).x, rng)
    new = _scores(built, critic, rows(real, slice(0, MOST)), rng)
    return ((seen[:, None] - new[None, :]).sign().double().mean().item() + 1) / 2


def _scores(built: Built, critic: nn.Module, x: Sample, rng: Stream) -> Tensor:
    x = built.prepare(Batch(x)).x
    return score(call(critic, x, None, rng.at("noise"), autocast=built.game.autocast))


def shares(twin: Game, role: Role, built: Built, rng: Stream) -> dict[str, float]:
    """What each regularizer of a player has to do with its gradient, by the player's letter and its own name.

    The twin's gradients are those of its next update afterwards.
    """
    player: Player = twin.player(role)
    letter, kinds = role[0].upper(), player.regularizer.defines()
    if not kinds & {"penalty", "adjust_gradients"}:
        return {}
    index = torch.randint(len(built.data), (built.recipe.batch,), generator=rng.generator())
    step = twin.look(role, built.prepare(built.data.batch(index)))
    total = _gradient(step.loss, player)
    game, found = _norm(total), dict[str, float]()
    for name, value in player.penalties(step):
        own = _gradient(value, player)
        found |= _share(f"{letter}/{name}", _norm(own), game)
        total = [a + b for a, b in zip(total, own, strict=True)]
    for p, gradient in zip(player.parameters, total, strict=True):
        p.grad = gradient
    for link in player.regularizer.links:
        if "adjust_gradients" in link.defines() and not link.inactive(step.m):
            before = [g.clone() for g in parameter_gradients(player.parameters)]
            with torch.no_grad():
                link.adjust_gradients(player.network, step.m.of(link.name))
            after = parameter_gradients(player.parameters)
            size, left = _norm(before), _norm(after)
            found |= _share(f"{letter}/{link.name}", _norm([a - b for a, b in zip(after, before, strict=True)]), size)
            if left < size:
                found[f"{letter}/{link.name} left"] = left / size
    return found


def _share(name: str, own: float, game: float) -> dict[str, float]:
    return {f"{name} share": own / (own + game)} if own + game > 0 else {}


def _gradient(value: Tensor, player: Player) -> list[Tensor]:
    if not value.requires_grad:
        return [torch.zeros_like(p) for p in player.parameters]
    return list(torch.autograd.grad(value, player.parameters, retain_graph=True, materialize_grads=True))


def _norm(gradient: list[Tensor]) -> float:
    return torch.nn.utils.get_total_norm(gradient).item()
