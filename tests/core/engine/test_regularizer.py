"""What every regularizer has: names, points, traits, and a copy to hand out."""

import copy

import pytest
import torch
from torch import nn

from detente.engine.regularizer import POINTS, Passes, Regularizer, named, points_of
from detente.errors import UsageError
from detente.regularizers.r1 import R1
from detente.testing.probe import moment, probe


@pytest.mark.parametrize("name", ["", "1st", "a.b", "a b", "../x"])
def test_a_name_that_could_not_key_a_checkpoint_is_refused(name):
    with pytest.raises(UsageError, match="not a valid regularizer name"):
        named(name, R1())


class Bare(Regularizer):
    """Does nothing."""


class Everything(Regularizer):
    """Defines every point."""

    def rewrite(self, net):
        return None

    def attach(self, net):
        return None

    def augment(self, x, m):
        return x

    def penalty(self, s):
        return None

    def adjust_gradients(self, net, m):
        return None

    def adjust_weights(self, net, m):
        return None

    def settle(self, net):
        return None


class Average(Regularizer):
    """Hands out another network than the one that it sits on."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = nn.Linear(1, 1)

    def deployed_from(self, net):
        return self.kept


def test_the_points_of_a_regularizer_are_those_that_its_class_defines():
    assert Bare().defines() == frozenset()
    assert Everything().defines() == points_of(Everything) == frozenset(POINTS)
    assert Average().defines() == {"deploy"}, "a point may have several methods"
    assert points_of(type("Later", (Average,), {"augment": lambda self, x, m: x})) == {"deploy", "augment"}
    assert R1().defines() == {"penalty"}


def test_a_point_that_is_not_defined_is_the_identity():
    x, net = torch.ones(2, 1), nn.Linear(1, 1)
    before = copy.deepcopy(net.state_dict())
    bare = Bare()
    bare.rewrite(net)
    bare.attach(net)
    bare.adjust_gradients(net, moment())
    bare.adjust_weights(net, moment())
    assert bare.augment(x, moment()) is x
    assert bare.penalty(probe(net, x, x)) is None
    assert (bare.report(net), bare.passes(), bare.inactive(moment())) == ({}, Passes(), False)
    assert all(torch.equal(v, net.state_dict()[k]) for k, v in before.items()) and net.weight.grad is None


def test_a_class_is_named_as_recipes_write_it():
    assert (R1.name, Bare.name, type("MyOwnPenalty", (Regularizer,), {}).name) == ("r1", "bare", "my-own-penalty")


def test_a_name_of_ones_own_is_the_instances_alone():
    assert named("second", R1()).name == "second" and R1.name == R1().name == "r1"


class Both(Regularizer):
    off = {"low": 0.0, "high": 0.0}

    def __init__(self, low: float = 0.0, high: float = 0.0) -> None:
        super().__init__()
        self.low, self.high = low, high


def test_a_regularizer_is_off_when_all_of_its_options_are_at_their_off_values():
    assert Both().is_off() and Both().inactive(moment())
    assert not Both(low=1.0).is_off() and not Both(high=1.0).inactive(moment())
    assert not Bare().is_off(), "one without such a setting is never off"


def test_what_is_deployed_is_an_independent_copy_in_evaluation_mode_without_gradients():
    net = nn.Sequential(nn.Linear(1, 1), nn.Dropout())
    out = Bare().deploy(net)
    assert net.training and not any(m.training for m in out.modules())
    assert not any(p.requires_grad for p in out.parameters()) and net[0].weight.requires_grad
    with torch.no_grad():
        net[0].weight.add_(1.0)
    assert out[0].weight.item() == pytest.approx(net[0].weight.item() - 1)


def test_an_average_is_deployed_in_the_networks_place():
    average = Average()
    out = average.deploy(nn.Linear(1, 1))
    assert torch.equal(out.weight, average.kept.weight) and out.weight is not average.kept.weight


def test_the_defaults_of_traits_claim_nothing():
    claimed = {trait for trait in Regularizer.__annotations__ if getattr(Bare(), trait)}
    assert claimed == {"players", "name"}
