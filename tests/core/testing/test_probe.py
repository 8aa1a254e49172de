"""A step without a game around it, for tests and laws of one penalty."""

import pytest
import torch
from torch import nn

from detente.engine.sample import leaves
from detente.errors import UsageError
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.testing.probe import Linear, Matrix, Plain, moment, probe, value

X = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def test_the_linear_critic_is_an_inner_product_over_all_leaves() -> None:
    critic = Linear(torch.tensor([1.0, 10.0, 100.0, 1000.0]))
    assert critic(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])).tolist() == [4321.0]
    assert critic((torch.tensor([[1.0]]), torch.tensor([[[2.0], [3.0], [4.0]]]))).tolist() == [4321.0]


def test_the_matrix_is_a_generator() -> None:
    A = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    assert Matrix(A)(torch.tensor([[3.0, 5.0]])).tolist() == [[3.0, 10.0, 8.0]]
    parameter = Matrix(A).A
    with torch.no_grad():
        parameter.zero_()
    assert A.abs().sum() == 5, "it has a copy"


def test_without_fakes_the_samples_are_generated_and_attached_in_the_generators_turn_alone() -> None:
    critic, generator = Linear(torch.ones(2)), Matrix(2 * torch.eye(2))
    for turn, attached in (("generator", True), ("discriminator", False)):
        step = probe(critic, X, generator=generator, z=X, turn=turn)
        assert torch.equal(leaves(step.fake)[0], 2 * X)
        assert (leaves(step.fake)[0].grad_fn is not None) is attached
    assert leaves(step.real)[0].requires_grad and leaves(step.fake)[0].requires_grad


def test_a_probe_without_fakes_and_generator_is_a_mistake_of_the_tests() -> None:
    with pytest.raises(UsageError, match="Give fake=, or generator= and z="):
        probe(Linear(torch.ones(2)), X)


def test_the_draws_of_a_probe_are_those_of_the_first_regularizer_of_that_name_at_that_update() -> None:
    at = probe(Linear(torch.ones(2)), X, X, t=3, name="r1").m
    assert moment(t=3, name="r1").rng == at.rng and (at.t, at.lr) == (3, 0.1)
    keys = {moment(t=t, name=name, seed=seed).rng.key for t in (3, 4) for name in ("r1", "r2") for seed in (0, 1)}
    assert len(keys) == 8


def test_a_value_that_does_not_come_is_an_error() -> None:
    step = probe(Linear(torch.tensor([3.0, 4.0])), X, X, t=5)
    assert value(R1(gamma=2.0), step).item() == 25.0
    with pytest.raises(UsageError, match="l2: has no penalty at update 5"):
        value(L2(), step)


def test_the_plain_domain_has_features_and_nothing_else() -> None:
    domain = Plain()
    features = domain.features((torch.ones(2, 1), torch.zeros(2, 1, 3)))
    assert features.tolist() == [[1.0, 0.0, 0.0, 0.0]] * 2
    with pytest.raises(UsageError, match="tensors have no preview"):
        domain.preview(X, "x.txt")
    assert dict(domain.augmentations) == {}


def test_the_step_knows_embedding_and_features_that_the_critic_states() -> None:
    class Stating(nn.Sequential):
        abilities = frozenset({"features"})
        feature_layers = ("0",)

    critic = Stating(nn.Linear(2, 3), nn.Linear(3, 1))
    step = probe(critic, X, X)
    torch.testing.assert_close(step.real_features, (critic[0](X),))
    assert step.embedding is None
