"""The law about several processes, each with a part of the batch."""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch.distributed as dist
from torch import Tensor, nn

from detente.engine import ranks
from detente.engine.game import Game
from detente.engine.sample import Batch, rows
from detente.errors import UsageError
from detente.testing.laws import two_processes
from detente.testing.laws.subject import F64, Broken, Skip, Subject

STEPS, RATE = 10, 1e-3
FEWER = 3
"""Steps of forked processes: what is no mean over samples shows in the first."""


def several_processes_play_as_one(s: Subject) -> None:
    """Each with its part of the batch, they come to the weights of one process with all of it.

    To 1e-12 in float64 and to 1e-6 in float32, at a rate at which rounding does not grow. The optimizer is SGD: a bias
    before a normalization has no gradient, and Adam would make whole steps of what rounding leaves of it.

    The processes are those of torch's default group; where there is none, two that are forked.
    """
    if dist.is_available() and dist.is_initialized():
        _as_one(s, STEPS)
    elif two_processes.possible():
        two_processes.in_two(lambda: _as_one(s, FEWER))
    else:
        raise Skip("two processes cannot be forked here; call check in each process of a torch.distributed group")


def _as_one(s: Subject, steps: int) -> None:
    size = 2 * dist.get_world_size()
    case = replace(s.case, size=size if 8 % size else 8)
    subject = replace(s, case=case)
    bound = 1e-12 if case.dtype is F64 else 1e-6
    game = subject.game(adam=False, lr=RATE)
    try:
        _play(game, subject, steps, joint=True)
    except UsageError as reason:  # in every process alike
        raise Skip(f"cannot be used there: {reason}") from reason
    if dist.get_rank():
        return
    alone = subject.game(adam=False, lr=RATE)
    _play(alone, subject, steps, joint=False)
    most, where = farthest_apart(game, alone)
    if not most <= bound:
        raise Broken(
            f"{dist.get_world_size()} processes and one differ by {most:.2g} in {where}"
            "; write a penalty as a mean over samples, or take all of it from joint_batch"
        )


def _play(game: Game, s: Subject, steps: int, joint: bool) -> None:
    for k in range(steps):
        x, labels = s.case.batch(k)
        if not joint:
            game.step(Batch(x, labels))
            continue
        part = s.case.size // dist.get_world_size()
        own = slice(dist.get_rank() * part, (dist.get_rank() + 1) * part)
        with ranks.together(part):
            game.step(Batch(rows(x, own), None if labels is None else labels[own]))


def farthest_apart(one: Game, other: Game) -> tuple[float, str]:
    """How far apart weights and statistics are at most, and where; relative to the largest of a tensor if above 1."""
    found = [(0.0, "nothing")]
    for a, b in ((one.discriminator, other.discriminator), (one.generator, other.generator)):
        for name, x, y in (
            *_tensors("", a.network, b.network),
            *_tensors("regularizer.", a.regularizer, b.regularizer),
        ):
            gap = ((x - y).abs().max() / y.abs().max().clamp(min=1)).item()
            found.append((math.inf if math.isnan(gap) else gap, f"{a.role}.{name}"))
    return max(found)


def _tensors(start: str, a: nn.Module, b: nn.Module) -> Iterator[tuple[str, Tensor, Tensor]]:
    others = b.state_dict()
    for name, x in a.state_dict().items():
        if isinstance(x, Tensor) and x.numel():
            yield f"{start}{name}", x.double(), others[name].double()
