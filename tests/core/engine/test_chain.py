"""What a chain promises: identity, associativity, indifferent order of penalties, meaningful order of adjustments."""

import pytest
import torch
from torch import nn

from detente.engine.chain import chain
from detente.engine.regularizer import Regularizer, copied, named
from detente.errors import UsageError
from detente.regularizers.clip_norm import ClipNorm
from detente.regularizers.dropout import Dropout
from detente.regularizers.ema import EMA
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.l1 import L1
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.regularizers.spectral_norm import SpectralNorm
from detente.testing.probe import Linear, moment, probe, value
from faulty import reg
from games import RING, same, trained


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


def test_adding_a_regularizer_shifts_nobody_elses_noise():
    """Dropout draws the same masks beside a penalty that draws, to the bit: with weight 1e-300 it adds nothing else."""
    alone = trained(Dropout(0.5))
    beside = trained(Dropout(0.5), GradientPenalty(weight=1e-300))
    assert all(torch.equal(alone[k], beside[k]) for k in alone if k.startswith(("D.", "G.")) and "extra" not in k)


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


def test_what_changes_weights_after_an_average_is_refused_by_the_chain_already():
    with pytest.raises(UsageError, match="Put ema last"):
        chain(reg("ema"), reg("weight-clip"))


def test_a_network_is_copied_once_when_it_is_deployed_however_many_links_have_a_part_in_it(monkeypatch):
    class Old(Regularizer):
        """Overrides `deploy` as the contract was until 0.1."""

        def deploy(self, net):
            out = super().deploy(net)
            out.add_module("label", nn.Identity())
            return out

    copies = []
    game = RING.game("generator", SpectralNorm(), EMA())
    game.step(RING.batch())
    monkeypatch.setattr("detente.engine.chain.copied", lambda net: (copies.append(net), copied(net))[1])
    out = game.generator.deployed()
    assert copies == [game.generator.regularizer.get_submodule("ema").average] and not out.training
    assert not any(p is q for p, q in zip(out.parameters(), copies[0].parameters(), strict=True))
    both = RING.game("generator", Old(), SpectralNorm(), EMA()).generator.deployed()
    assert isinstance(both.label, nn.Identity) and hasattr(Old().deploy(nn.Identity()), "label")


def test_reports_of_a_chain_carry_the_names_of_its_links():
    class Tells(Regularizer):
        def report(self, net):
            return {"value": torch.tensor(1.0), "rate": torch.tensor(2.0)}

    report = chain(Tells(), named("other", Tells())).report(nn.Identity())
    assert {key: value.item() for key, value in report.items()} == {
        "tells": 1.0,
        "tells/rate": 2.0,
        "other": 1.0,
        "other/rate": 2.0,
    }


def test_a_chain_acts_at_the_points_of_its_links_and_is_inactive_when_all_of_them_are():
    assert chain().defines() == frozenset() and chain().inactive(moment())
    assert chain(R1(), L2()).defines() == R1().defines() | L2().defines()
    assert not chain(R1(gamma=0.0), L2()).inactive(moment())
    assert chain(R1(gamma=0.0), L2(weight=0.0)).inactive(moment())
