"""How long a run takes is measured on a copy, which leaves the run as it was."""

import copy

import pytest
import torch

from detente import recipe
from detente.plugins import host
from detente.training.build import build
from detente.training.pace import Pace, pace

RING = {"domain": "ring", "steps": 250, "evaluate_every": 100, "samples": 200, "batch": 32}


def test_a_run_takes_its_warm_up_its_steps_and_its_evaluations() -> None:
    made = recipe.load(RING)
    # Three evaluations (100, 200 and the last step) and the three reference rows.
    assert Pace(step=0.01, evaluation=2.0, warm_up=30.0).seconds(made) == pytest.approx(30 + 250 * 0.01 + 6 * 2.0)
    assert Pace(step=0.01).seconds(made) == pytest.approx(2.5)


def test_timing_changes_neither_the_game_nor_the_random_state() -> None:
    built = build(recipe.load(RING, regs=["r1", "d:spectral-norm"]))
    before, state = copy.deepcopy(built.game.state_dict()), torch.get_rng_state()
    found = pace(built, host())
    assert torch.equal(torch.get_rng_state(), state)
    after = built.game.state_dict()
    for side in ("generator", "discriminator"):
        old, new = before[side]["network"], after[side]["network"]
        assert old.keys() == new.keys() and all(torch.equal(old[key], new[key]) for key in old)
        assert after[side]["t"] == 0
    assert found is not None and 0 < found.step < 5 and found.evaluation > 0 and found.warm_up == 0


def test_a_game_that_fails_is_not_timed_and_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    built = build(recipe.load(RING), dry=True)
    monkeypatch.setattr(type(built.game), "step", lambda game, *batches: 1 / 0)
    assert pace(built, host()) is None


def test_only_the_steps_are_timed_where_the_rest_is_known() -> None:
    found = pace(build(recipe.load(RING)), host(), whole=False)
    assert found is not None and found.step > 0 and found.evaluation == found.warm_up == 0
