"""The steps of a run: which batches they take, when they are looked at, and that processes stay alike."""

import logging
from collections.abc import Mapping

import pytest
import torch

from detente import recipe
from detente.training.build import Built, build
from detente.training.steps import Steps
from detente.training.team import Team


@pytest.fixture
def built() -> Built:
    return build(recipe.load(domain="ring", sets=["batch=8", "critic_steps=2", "log_every=3", "steps=12"]))


def test_batches_follow_each_other_over_steps_and_parts_make_up_the_whole(built: Built) -> None:
    taken: list[torch.Tensor] = []
    built.game.step = lambda *batches: taken.extend(batch.x for batch in batches)  # type: ignore[method-assign]
    whole, parts = Steps(built, Team()), [Steps(built, Team(4, index)) for index in range(4)]
    for step in range(3):
        whole.take(step)
    assert len(taken) == 6 and len({x.numpy().tobytes() for x in taken}) == 6
    shares = [[steps._batch(k).x for steps in parts] for k in range(6)]
    for x, share in zip(taken, shares, strict=True):
        assert torch.equal(torch.cat(share), x)


def test_steps_that_are_logged_are_looked_at(built: Built) -> None:
    steps, seen = Steps(built, Team()), []
    for step in range(6):
        steps.take(step)
        seen.append(built.game.watch is steps.watcher)
    assert seen == [False, False, True, False, False, True]


def test_a_checkpoint_is_due_every_so_often_at_the_end_and_when_a_signal_came(built: Built) -> None:
    steps = Steps(built, Team())
    every = built.recipe.checkpoint_every
    assert [steps.saves(step) for step in (1, every, every + 1, 12)] == [False, True, False, True]
    steps.team.stop(2)
    assert steps.saves(1)


class Differing(Team):
    def unlike(self, digests: Mapping[str, str]) -> list[str]:
        assert set(digests) == {
            f"{role}.{part}"
            for role in ("generator", "discriminator")
            for part in ("network", "optimizer", "regularizer")
        }
        return ["discriminator.regularizer"]


def test_processes_that_are_no_longer_alike_are_said_once(built: Built, caplog: pytest.LogCaptureFixture) -> None:
    steps = Steps(built, Differing(2))
    with caplog.at_level(logging.WARNING):
        assert steps.saves(12) and steps.saves(12)
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("The processes no longer have the same discriminator.regularizer, so this is not the run")
