"""Names that nn.Module has itself are names like others."""

import copy

import pytest
import torch
from torch import nn

from detente.engine.chain import chain
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer, named
from detente.errors import UsageError
from detente.regularizers import EMA, R1, Dropout, Lecam, PathLength, SpectralNorm
from detente.testing import cases

RING, DIRAC = cases(["ring", "dirac"])


class Eval(Regularizer):
    def penalty(self, s):
        return s.real_score.square().mean()


class Type(Eval): ...


@pytest.mark.parametrize("name", ["half", "type", "eval", "forward", "train", "to"])
@pytest.mark.parametrize("make", [R1, EMA, Dropout, SpectralNorm], ids=lambda make: make.__name__)
def test_a_name_of_nn_module_trains_and_resumes(name, make):
    def build():
        return RING.game("discriminator", named(name, make()))

    one, two = build(), build()
    one.step(RING.batch(0))
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for game in (one, two):
        game.step(RING.batch(1))
        game.discriminator.deployed()
    for a, b in zip(one.discriminator.parameters, two.discriminator.parameters, strict=True):
        assert torch.equal(a, b)


class Training(Eval): ...


@pytest.mark.parametrize("make", [lambda: named("training", R1()), lambda: named("training", Dropout()), Training])
def test_the_one_attribute_that_every_module_sets_is_no_name(make):
    with pytest.raises(UsageError, match=r"'training' cannot be the name of a regularizer.*use another"):
        RING.game("discriminator", make())


def test_so_are_classes():
    assert [link.name for link in chain(Eval(), Type()).links] == ["eval", "type"]
    game = RING.game("discriminator", Eval(), Type())
    assert {"D/eval", "D/type"} <= game.step(RING.batch(0)).keys()


@pytest.mark.parametrize(("role", "make"), [("discriminator", Lecam), ("generator", PathLength)])
def test_running_means_are_as_exact_as_the_game(role, make):
    for dtype in (torch.float64, torch.float32):
        net = nn.Sequential(nn.Linear(2, 2)).to(dtype)
        player = Player(role, net, lambda p: torch.optim.SGD(p, lr=0.1), make())
        assert {b.dtype for b in player.regularizer.buffers() if b.is_floating_point()} == {dtype}
