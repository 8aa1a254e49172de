import copy

import pytest
import torch
from torch import nn

from detente.errors import UsageError
from detente.regularizers.feature_matching import FeatureMatching
from detente.testing.probe import Linear, Matrix, probe, value

F64 = torch.float64


class Critic(nn.Module):
    """Features x and 2x, as two layers."""

    abilities = frozenset({"features"})
    feature_layers = ("same", "twice")

    def __init__(self, layers=("same", "twice")):
        super().__init__()
        self.feature_layers = layers
        self.same = nn.Identity()
        self.twice = nn.Linear(2, 2, bias=False, dtype=F64)
        with torch.no_grad():
            self.twice.weight.copy_(2 * torch.eye(2, dtype=F64))

    def forward(self, x):
        return self.twice(self.same(x)).sum(1)


class Shift(nn.Module):
    def __init__(self, b):
        super().__init__()
        self.b = nn.Parameter(torch.tensor(b, dtype=F64))

    def forward(self, z):
        return z + self.b


REAL = torch.tensor([[1.0, 0.0], [3.0, 2.0]], dtype=F64)


def step_of(critic, generator):
    return probe(critic, REAL, generator=generator, z=REAL, turn="generator")


def test_a_shift_by_b_costs_its_squared_norm_in_the_first_layer():
    assert value(FeatureMatching(weight=2.0), step_of(Critic(("same",)), Shift([3.0, 4.0]))).item() == 2 * 25


def test_layers_add_up_as_one_long_feature():
    assert value(FeatureMatching(), step_of(Critic(), Shift([3.0, 4.0]))).item() == 25 + 4 * 25


def test_means_are_compared_so_the_order_of_samples_is_irrelevant():
    step = probe(Critic(), REAL, generator=Shift([0.0, 0.0]), z=REAL.flip(0), turn="generator")
    assert value(FeatureMatching(), step).item() == 0.0


def test_the_gradient_goes_to_the_generator():
    generator, critic = Shift([3.0, 4.0]), Critic(("same",))
    (grad,) = torch.autograd.grad(value(FeatureMatching(), step_of(critic, generator)), generator.b)
    assert grad.tolist() == [6.0, 8.0]


def test_features_come_from_the_forwards_of_the_turn():
    critic, calls = Critic(), []
    critic.register_forward_hook(lambda *_: calls.append(1))
    step = step_of(critic, Shift([1.0, 1.0]))
    step.objective.generator(step)
    value(FeatureMatching(), step)
    assert len(calls) == 2  # the fakes once, for objective and features; the reals once


def test_a_copied_critic_brings_its_stages_without_a_graph():
    critic = Critic()
    step = step_of(critic, Shift([1.0, 1.0]))
    step.critic(step.fake)
    again = copy.deepcopy(critic)
    assert torch.equal(again(REAL), critic(REAL))


def test_a_critic_without_features_is_named_in_the_error():
    with pytest.raises(UsageError, match="Linear has no 'features' ability"):
        value(FeatureMatching(), step_of(Linear(torch.ones(2, dtype=F64)), Matrix(torch.eye(2, dtype=F64))))
