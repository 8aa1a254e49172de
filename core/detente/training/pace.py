"""How long a run will take, measured before it begins: a few steps, one evaluation, the start of the warm-up."""

import logging
import time
from dataclasses import dataclass

import torch

from detente.checks.trial import copied
from detente.engine.sample import batch_size
from detente.engine.streams import Stream
from detente.errors import one_line
from detente.plugins import Host
from detente.recipe.schema import Recipe
from detente.training import evaluation, scale
from detente.training.build import Built
from detente.training.sampler import BatchSampler

_log = logging.getLogger(__name__)
_STEPS, _SECONDS = 5, 0.5
"""Steps that are timed after the first one: so many, or as many as fit."""


@dataclass(frozen=True)
class Pace:
    """What a run takes on this machine, in seconds of one process that nothing else holds up.

    Attributes:
        step: one step; `evaluation` an evaluation, and each of the three reference rows; `warm_up` the warm-up, 0 where
            there is none or it is there already.
    """

    step: float
    evaluation: float = 0.0
    warm_up: float = 0.0

    def seconds(self, recipe: Recipe) -> float:
        """Of a whole run."""
        evaluations = -(-recipe.steps // recipe.evaluate_every)
        return self.warm_up + self.step * recipe.steps + self.evaluation * (evaluations + len(evaluation.ROWS))


def pace(built: Built, host: Host, *, whole: bool = True) -> Pace | None:
    """Play a few steps of a copy of the game, and time them; nothing of what is built changes.

    None where a step fails: the run says why, and a study counts it.

    Args:
        built: as it will be trained, or only to be looked at.
        host: the plugins.
        whole: whether an evaluation and the warm-up are timed too.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            step = _step(built)
            return Pace(step, _evaluation(built), built.warm_up_seconds(host)) if whole else Pace(step)
        except Exception as error:  # of a network, a regularizer or a metric, which may be a stranger's
            _log.debug("nothing was timed: %s", one_line(error))
            return None


def _step(built: Built) -> float:
    recipe = built.recipe
    sampler = BatchSampler(len(built.data), recipe.batch, Stream(recipe.seed).at("data"))
    game, k = copied(built.game), recipe.critic_steps
    began, made = time.perf_counter(), 0
    while made <= _STEPS and (made < 2 or time.perf_counter() - began < _SECONDS):
        if made == 1:  # the first one asks for memory and loads libraries
            began = time.perf_counter()
        game.step(*(built.prepare(built.data.batch(sampler.indices(made * k + i))) for i in range(k)))
        made += 1
    _wait(built)
    return (time.perf_counter() - began) / (made - 1)


def _wait(built: Built) -> None:
    if built.device.type == "cuda":
        torch.cuda.synchronize(built.device)


def _evaluation(built: Built) -> float:
    n, rng = scale.samples_of(built), Stream(built.recipe.seed).at("pace")
    if batch_size(built.data.reference()):
        built.domain.reference_features(built.data)  # once a run
    began = time.perf_counter()
    given = evaluation.conditions(built.data, built.model, n, rng)
    network = built.deployed(0)
    samples = evaluation.generate(network, built.model, n, rng, given, dtype=built.dtype, device=built.device)
    evaluation.score(built.domain, built.metrics, samples, built.data, rng, given)
    return time.perf_counter() - began
