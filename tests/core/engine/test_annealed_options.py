"""Every option of every regularizer that can have a schedule has its value of an update at that update, no other."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from detente import regularizers
from detente.engine.combinators import annealed
from detente.engine.regularizer import Regularizer
from detente.engine.schedule import Ramp
from detente.errors import UsageError
from detente.testing import cases

CASES = {case.name: case for case in cases(["ring", "critics"])}
WHERE = {"feature-matching": "critics", "instance-norm": "critics"}
OPTIONS: dict[str, dict[str, Any]] = {"instance-norm": {"where": ["*conv*"]}}


def ramps() -> Iterator[tuple[type[Regularizer], str, Ramp]]:
    """Every regularizer, each of its options that takes a schedule, and one down to four fifths."""
    for cls in (getattr(regularizers, name) for name in regularizers.__all__):
        one = cls(**OPTIONS.get(cls.name, {}))
        for option, value in vars(one).items():
            if type(value) in (int, float) and not option.startswith("_"):
                ramp = Ramp(value or 0.5, 0.8 * (value or 0.5), updates=3)
                try:
                    annealed(one, **{option: ramp})
                except UsageError:  # a whole number, or one that is read once
                    continue
                yield cls, option, ramp


RAMPS = list(ramps())


def test_most_regularizers_have_such_an_option() -> None:
    assert len({cls for cls, _, _ in RAMPS}) >= 30


@pytest.mark.slow
@pytest.mark.parametrize(("cls", "option", "ramp"), RAMPS, ids=[f"{cls.name}-{option}" for cls, option, _ in RAMPS])
def test_an_update_is_that_of_the_value_at_its_time(cls: type[Regularizer], option: str, ramp: Ramp) -> None:
    case, own = CASES[WHERE.get(cls.name, "ring")], OPTIONS.get(cls.name, {})
    for role in ("discriminator", "generator"):
        if role not in cls.players and "both" not in cls.players:
            continue

        def game(ramp: Ramp, role: Any = role) -> Any:
            one = annealed(cls(**own), **{option: ramp})
            return case.game(role, one, simultaneous=one.needs_simultaneous)

        annealing = game(ramp)
        for t in range(4):
            constant = game(Ramp(ramp.at(t), ramp.at(t), updates=1))
            constant.load_state_dict(copy.deepcopy(annealing.state_dict()))
            for one in (annealing, constant):
                one.step(case.batch(t))
            ours, theirs = (one.player(role).parameters for one in (annealing, constant))
            assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True)), (role, t)
