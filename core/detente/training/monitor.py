"""Measurements of both players during training: gradient norms, separation of scores, spectral norms.

Nothing here changes a number or waits for a device: values are read only when a log line is written.
"""

import math
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from detente.engine import ranks
from detente.engine.game import Game
from detente.engine.layers import layers
from detente.engine.player import Player
from detente.engine.sample import Sample
from detente.engine.step import Step
from detente.errors import DivergedError, UsageError
from detente.training.evaluation import is_finite


class Watcher:
    """Looks at the turns of one step, between gradients and apply; of several turns of a player the last one counts.

    It measures:
        D/gradient, G/gradient: norm of the gradient of a player's whole loss, before anything adjusts it.
        D/real, D/fake: mean score of a batch of reals, of fakes.
        D/apart: the share of pairs of a real and a fake in which the real has the higher score, ties as halves; at 1
            the discriminator separates them perfectly. Unlike the scores it means the same for every objective.
    """

    def __init__(self) -> None:
        self.values: dict[str, Tensor] = {}

    @torch.no_grad()
    def __call__(self, player: Player, step: Step) -> None:
        letter = player.role[0].upper()
        gradients = [p.grad for p in player.parameters if p.grad is not None]
        if gradients:
            self.values[f"{letter}/gradient"] = torch.nn.utils.get_total_norm(gradients)
        scores = step.known_scores if player.role == "discriminator" else None
        if scores is not None:
            real, fake = map(ranks.joint_batch, scores)
            self.values["D/real"], self.values["D/fake"] = real.mean(), fake.mean()
            self.values["D/apart"] = ((real[:, None] - fake[None, :]).sign().mean() + 1) / 2


class LogLine(NamedTuple):
    """A log line's numbers; `late` has the update at which a term was computed, where that was not the last one."""

    step: int
    terms: dict[str, float]
    watched: dict[str, float]
    late: dict[str, int]

    @property
    def bad(self) -> str | None:
        """The first term that is not finite."""
        return next((name for name, value in self.terms.items() if not math.isfinite(value)), None)


class PendingLine:
    """A step's terms and what was watched, on their way from the device: `read` waits for them."""

    def __init__(self, game: Game, watched: dict[str, Tensor], step: int) -> None:
        self._step, terms = step, game.terms()
        players = (("D", game.discriminator), ("G", game.generator))
        with torch.no_grad():
            for letter, player in players:
                for name, value in player.regularizer.report(player.network).items():
                    terms[f"{letter}/{name}"] = value
        self._late = {
            f"{letter}/{name}": t
            for letter, player in players
            for name, (_, t) in player.last.items()
            if t != player.t - 1
        }
        self._terms, self._watched = list(terms), list(watched)
        self._values = torch.stack([v.double() for v in (*terms.values(), *watched.values())])
        self._done: torch.cuda.Event | None = None
        if self._values.is_cuda:
            on_host = torch.empty(self._values.shape, dtype=self._values.dtype, pin_memory=True)
            self._values = on_host.copy_(self._values, non_blocking=True)
            self._done = torch.cuda.Event()
            self._done.record()

    def read(self) -> LogLine:
        if self._done is not None:
            self._done.synchronize()
        numbers = self._values.tolist()
        terms = dict(zip(self._terms, numbers[: len(self._terms)], strict=True))
        watched = dict(zip(self._watched, numbers[len(self._terms) :], strict=True))
        return LogLine(self._step, terms, watched, self._late)


@torch.no_grad()
def spectral_norms(net: nn.Module) -> dict[str, float]:
    """The largest singular value of each layer's weight as it is used, reshaped to [outputs, rest]; by layer.

    Waits for the device, so it belongs to evaluations.
    """
    try:
        found = layers(net)
    except UsageError:  # a network of no registered layer
        return {}
    values = [_largest(layer.rows(layer.used).flatten(1)) for layer in found]
    names = [x.name if x.weight_name == "weight" else f"{x.name}.{x.weight_name}" for x in found]
    return dict(zip(names, torch.stack(values).tolist(), strict=True)) if values else {}


def _largest(matrix: Tensor) -> Tensor:
    """σ₁ by the smaller Gram matrix, which costs far less than a decomposition of the matrix itself."""
    matrix = matrix.double() if matrix.numel() < 1 << 16 else matrix.float()
    gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
    if not bool(gram.isfinite().all()):
        return torch.tensor(torch.nan, dtype=torch.float64)
    return torch.linalg.eigvalsh(gram)[-1].clamp_min(0).sqrt().double().cpu()


def check_weights(game: Game, folder: Path, step: int) -> None:
    """Refuse to go on with weights that are not finite.

    Args:
        folder: of the run, for the error.
        step: the one that was made last.

    Raises:
        DivergedError: one is not.
    """
    for player in (game.generator, game.discriminator):
        if not bool(torch.isfinite(torch.nn.utils.get_total_norm(player.parameters))):
            raise DivergedError(
                f"{folder}: a weight of the {player.role} is not finite at step {step}; the last good checkpoint is "
                "kept. Lower the learning rate, or add a regularizer that bounds the critic."
            )


def check_made(samples: Sample, folder: Path, step: int) -> None:
    """Refuse to go on with a generator whose samples are not finite; the arguments are those of `check_weights`.

    Raises:
        DivergedError: one is not.
    """
    if not is_finite(samples):
        raise DivergedError(
            f"{folder}: the generator's samples are not finite at step {step}; the last good checkpoint was kept. "
            "Lower the learning rate, or add a regularizer that bounds the critic."
        )
