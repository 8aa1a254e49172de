"""Regularizers of regularizers: at every k-th update, and with options on a line."""

import math

import pytest
import torch
from torch import nn

from detente.engine.chain import chain
from detente.engine.combinators import Ramp, annealed, lazily, unwrap
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.regularizers.dropout import Dropout
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.testing.probe import Linear, moment, probe
from games import DIRAC, RING, same, trained


def test_lazily_the_penalty_is_k_times_as_large_at_every_kth_update():
    lazy = lazily(R1(gamma=2.0), every=4)
    critic = Linear(torch.tensor([1.0]))
    values = [lazy.penalty(probe(critic, torch.zeros(2, 1), torch.zeros(2, 1), t=t)) for t in range(8)]
    assert [None if v is None else v.item() for v in values] == [4.0, None, None, None, 4.0, None, None, None]


def test_lazily_every_1_is_the_regularizer_itself_and_nonsense_is_refused():
    r1 = R1()
    assert lazily(r1, every=1) is r1
    with pytest.raises(UsageError, match="every=0"):
        lazily(R1(), every=0)
    with pytest.raises(UsageError, match="no penalty"):
        lazily(L2(), every=2)


def test_annealed_an_option_runs_along_its_line_and_stays_at_its_end():
    r = annealed(R1(), gamma=Ramp(2.0, 0.0, updates=4))
    critic = Linear(torch.tensor([1.0]))
    values = [r.penalty(probe(critic, torch.zeros(2, 1), torch.zeros(2, 1), t=t)) for t in range(6)]
    assert [None if v is None else 2 * v.item() for v in values] == [2.0, 1.5, 1.0, 0.5, None, None]


class Everywhere(Regularizer):
    """Acts at every point with its option and keeps what it acted with."""

    off = {"weight": 0.0}

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight, self.acted = weight, []

    def augment(self, x, m):
        return x + self.weight

    def penalty(self, s):
        return self.weight * s.real_score.mean()

    def adjust_gradients(self, net, m):
        self.acted.append(self.weight)

    def adjust_weights(self, net, m):
        self.acted.append(self.weight)

    def report(self, net):
        return {"value": torch.tensor(self.weight)}


@pytest.mark.parametrize("point", ["augment", "penalty", "adjust_gradients", "adjust_weights"])
@pytest.mark.parametrize("in_a_chain", [False, True])
def test_annealed_each_point_alone_acts_with_the_value_of_its_moment(point, in_a_chain):
    inner = Everywhere()
    r = annealed(inner, weight=Ramp(1.0, 0.0, updates=4))
    if in_a_chain:
        r = chain(r)
    seen = []
    for t in (0, 3, 1, 4, 2):  # the value depends on the moment alone, in whatever order they come
        if point == "augment":
            seen.append(r.augment(torch.zeros(1), moment(t)).item())
        elif point == "penalty":
            value = r.penalty(probe(Linear(torch.ones(1)), torch.ones(2, 1), torch.ones(2, 1), t=t))
            seen.append(0.0 if value is None else value.item())
        else:
            getattr(r, point)(nn.Identity(), moment(t))
            seen.append(inner.acted.pop() if inner.acted else 0.0)
        assert inner.weight == 1 - t / 4, "a report shows the value of the last point, also where nothing was done"
    assert seen == [1.0, 0.25, 0.75, 0.0, 0.5]


def test_annealed_queries_change_nothing():
    r = annealed(R1(), gamma=Ramp(2.0, 0.0, updates=4))
    r.inactive(moment(4))
    chain(r).inactive(moment(4))
    r.report(nn.Identity())
    assert unwrap(r).gamma == 2.0 and not r.is_off()


def test_annealed_trajectories_on_dirac_are_those_of_the_line():
    """Alone and in a chain with another: ψ ← ψ − η (∂loss + γ(t) ψ), with γ on its line."""

    def slopes(*links):
        game = DIRAC.game("discriminator", *links, adam=False)
        out = []
        for k in range(6):
            game.step(DIRAC.batch(k))
            out.append(game.discriminator.network.psi.weight.item())
        return out

    def by_hand(gammas):
        theta = psi = 1.0
        out = []
        for gamma in gammas:
            psi -= 0.01 * (theta / (1 + math.exp(-psi * theta)) + gamma * psi)
            theta -= 0.01 * -psi / (1 + math.exp(psi * theta))
            out.append(psi)
        return out

    line = [2.0, 1.5, 1.0, 0.5, 0.0, 0.0]
    ramp = Ramp(2.0, 0.0, updates=4)
    assert slopes(annealed(R1(), gamma=ramp)) == pytest.approx(by_hand(line), rel=1e-12)
    assert slopes(annealed(R1(), gamma=ramp), Everywhere(0.0)) == slopes(annealed(R1(), gamma=ramp))
    l2 = annealed(L2(), weight=Ramp(1.0, 0.0, updates=4))  # λw² has the derivative of γ/2 w² with γ = 2λ
    assert slopes(l2) == pytest.approx(by_hand(line), rel=1e-12)


def test_the_ends_of_a_line_are_in_the_range_of_the_option():
    with pytest.raises(UsageError, match=r"r1: gamma=-1 should be 0 or more\."):
        annealed(R1(), gamma=Ramp(1.0, -1, updates=4))
    with pytest.raises(UsageError, match=r"ramp: updates=0 should be 1 or more\."):
        Ramp(1.0, 0.0, updates=0)


def test_annealing_and_laziness_combine_in_either_order():
    a = annealed(lazily(R1(), every=2), gamma=Ramp(1.0, 0.0, updates=10))
    b = lazily(annealed(R1(), gamma=Ramp(1.0, 0.0, updates=10)), every=2)
    assert same(
        {k: v for k, v in trained(a).items() if k[0] != "R"}, {k: v for k, v in trained(b).items() if k[0] != "R"}
    )


def test_annealed_dropout_survives_a_restart():
    def make():
        return annealed(Dropout(), p=Ramp(0.8, 0.0, updates=10))

    whole, first, second = (RING.game("discriminator", make()) for _ in range(3))
    for k in range(14):
        whole.step(RING.batch(k))
    for k in range(6):
        first.step(RING.batch(k))
    second.load_state_dict(first.state_dict())
    for k in range(6, 14):
        second.step(RING.batch(k))
    assert same(whole.discriminator.network.state_dict(), second.discriminator.network.state_dict())
    assert whole.discriminator.network.get_submodule("fc1.dropout").p == 0.0


def test_only_numbers_can_be_annealed():
    with pytest.raises(UsageError, match="space"):
        annealed(R1(), space=Ramp(0.0, 1.0, updates=2))
