"""What a chain promises: identity, associativity, indifferent order of penalties, meaningful order of adjustments."""

import math

import pytest
import torch
from torch import nn

from detente.engine.chain import chain
from detente.engine.combinators import Ramp, annealed, lazily, unwrap
from detente.engine.regularizer import Regularizer, named
from detente.errors import UsageError
from detente.regularizers.clip_norm import ClipNorm
from detente.regularizers.dropout import Dropout
from detente.regularizers.ema import EMA
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.l1 import L1
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.testing import cases
from detente.testing.probe import Linear, moment, probe, value

RING, DIRAC = cases(["ring", "dirac"])


def trained(*regularizers: Regularizer, steps: int = 20, role="discriminator") -> dict[str, torch.Tensor]:
    game = RING.game(role, *regularizers)
    for k in range(steps):
        game.step(RING.batch(k))
    player = game.discriminator if role == "discriminator" else game.generator
    return {
        **{f"D.{k}": v for k, v in game.discriminator.network.state_dict().items()},
        **{f"G.{k}": v for k, v in game.generator.network.state_dict().items()},
        **{f"R.{k}": v for k, v in player.regularizer.state_dict().items()},
    }


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a if isinstance(a[k], torch.Tensor))


def test_the_empty_chain_is_the_identity():
    assert same(trained(), trained(chain()))
    assert same(trained(R1()), trained(chain(chain(), R1(), chain())))


def test_chaining_is_associative_for_numbers_and_checkpoints():
    left = trained(chain(chain(R1(), L2()), EMA()))
    right = trained(chain(R1(), chain(L2(), EMA())))
    assert same(left, right) and "R.ema.average.fc1.weight" in left


def test_the_order_of_penalties_changes_nothing_to_the_bit():
    assert same(trained(R1(), GradientPenalty()), trained(GradientPenalty(), R1()))


def test_the_order_of_gradient_adjustments_is_the_recipes():
    assert not same(trained(ClipNorm(0.01), L2(0.1)), trained(L2(0.1), ClipNorm(0.01)))


def test_two_of_a_kind_need_names():
    with pytest.raises(UsageError, match="r1"):
        chain(R1(), R1())
    assert {link.name for link in chain(R1(), named("second", R1())).links} == {"r1", "second"}


def test_two_penalties_of_half_the_weight_are_one_of_the_whole():
    step = probe(Linear(torch.tensor([3.0, 4.0])), torch.zeros(2, 2), torch.zeros(2, 2))
    halves = chain(R1(gamma=5.0), named("second", R1(gamma=5.0)))
    assert value(halves, step).item() == value(R1(gamma=10.0), step).item()


@pytest.mark.parametrize("name", ["", "1st", "a.b", "a b", "../x"])
def test_a_name_that_could_not_key_a_checkpoint_is_refused(name):
    with pytest.raises(UsageError, match="not a valid regularizer name"):
        named(name, R1())


def test_adding_a_regularizer_shifts_nobody_elses_noise():
    """Dropout draws the same masks beside a penalty that draws, to the bit: with weight 1e-300 it adds nothing else."""
    alone = trained(Dropout(0.5))
    beside = trained(Dropout(0.5), GradientPenalty(weight=1e-300))
    assert all(torch.equal(alone[k], beside[k]) for k in alone if k.startswith(("D.", "G.")) and "extra" not in k)


def test_lazily_the_penalty_is_k_times_as_large_at_every_kth_update():
    lazy = lazily(R1(gamma=2.0), every=4)
    critic = Linear(torch.tensor([1.0]))
    values = [lazy.penalty(probe(critic, torch.zeros(2, 1), torch.zeros(2, 1), t=t)) for t in range(8)]
    assert [None if v is None else v.item() for v in values] == [4.0, None, None, None, 4.0, None, None, None]


def test_between_firings_the_last_value_and_its_update_are_known():
    game = RING.game("discriminator", lazily(R1(), every=4))
    for k in range(6):
        game.step(RING.batch(k))
    terms = game.step(RING.batch(6))
    last, t = game.discriminator.last["r1"]
    assert t == 4 and torch.equal(terms["D/r1"], last)


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


def test_a_penalty_that_depends_on_nothing_is_an_error_when_it_first_fires():
    class Dead(Regularizer):
        def penalty(self, s):
            return s.real_score.detach().mean()

    with pytest.raises(UsageError, match=r"discriminator\.regularizers\.dead.*no parameter"):
        RING.game("discriminator", Dead()).step(RING.batch())


def test_an_inactive_regularizer_may_be_infinite():
    """It is skipped: multiplied by 0 it would be NaN."""

    class Infinite(R1):
        def penalty(self, s):
            return super().penalty(s) * float("inf")

    assert same(trained(), trained(Infinite(gamma=0.0)))


def test_l1_and_l2_together_are_the_elastic_net():
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(3.0)
    both = chain(L1(0.5), L2(0.25))
    both.attach(layer)
    both.adjust_gradients(layer, moment())
    assert layer.weight.grad.item() == 0.5 + 2 * 0.25 * 3
