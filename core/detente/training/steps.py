"""The steps of a run: which batch each takes, and how processes that do not lead go along."""

import logging
from collections.abc import Mapping
from typing import Any

from detente.domains.contracts import Model
from detente.engine.sample import Batch
from detente.engine.streams import Stream
from detente.errors import Interrupted
from detente.training import checkpoint
from detente.training.build import Built
from detente.training.monitor import Watcher
from detente.training.sampler import BatchSampler
from detente.training.signals import STOP, on_signal
from detente.training.team import Team

_log = logging.getLogger(__name__)


class Steps:
    """Takes the steps of a run, alone or together with other processes.

    Attributes:
        watcher: what was measured in the last step that is logged.
    """

    def __init__(self, built: Built, team: Team) -> None:
        self.built, self.team = built, team
        self.watcher = Watcher()
        self._sampler = BatchSampler(len(built.data), built.recipe.batch, Stream(built.recipe.seed).at("data"))
        self._told = False
        self._schedules = type(built.model).schedule is not Model.schedule

    def schedule(self, step: int) -> None:
        """Set the networks to where they are in the model's own schedule after `step` steps."""
        self.built.model.schedule(self.built.networks, step / self.built.recipe.steps)

    def take(self, step: int) -> None:
        """Take the step after the first `step`."""
        recipe, game = self.built.recipe, self.built.game
        if self._schedules:
            self.schedule(step)
        game.watch = None if (step + 1) % recipe.log_every else self.watcher
        k = recipe.critic_steps
        batches = [self._batch(i) for i in range(step * k, (step + 1) * k)]
        with self.team.playing(recipe.batch):
            game.step(*batches)

    def saves(self, step: int) -> bool:
        """Whether there is a checkpoint after `step` steps; then the processes also see whether they are alike."""
        recipe = self.built.recipe
        if step % recipe.checkpoint_every and step != recipe.steps and self.team.signal is None:
            return False
        if self.team.size > 1 and not self._told and (unlike := self.team.unlike(self._digests())):
            self._told = True
            _log.warning(
                "The processes no longer have the same %s, so this is not the run that one process would have trained. "
                "A network or regularizer keeps statistics of its part of the batch alone (see detente.engine.ranks), "
                "or the devices differ.",
                ", ".join(unlike),
            )
        return True

    def _digests(self) -> dict[str, str]:
        state = self.built.game.state_dict()
        parts = ("network", "optimizer", "regularizer")
        return {f"{role}.{part}": checkpoint.digest(state[role][part]) for role in state for part in parts}

    def _batch(self, k: int) -> Batch:
        return self.built.prepare(self.built.data.batch(self.team.part(self._sampler.indices(k))))


def follow(built: Built, team: Team, begun: Mapping[str, Any]) -> None:
    """Train as a process that does not lead, to the last step or a signal.

    Args:
        begun: where the leader begins, as `Trainer.restore` shares it.

    Raises:
        Interrupted: one of the processes was asked to stop.
        PeerLost: one of them has ended.
    """
    steps, of = Steps(built, team), built.recipe.steps
    built.game.load_state_dict(begun["game"])
    step = begun["step"]
    steps.schedule(step)
    with on_signal(team.stop, *STOP):
        while step < of:
            steps.take(step)
            step += 1
            team.agree()
            steps.saves(step)
            if team.signal is not None and step < of:
                raise Interrupted(team.signal)
