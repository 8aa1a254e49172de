"""Toys with a closed-form solution: points, lines and parabolas."""

import pytest
import torch

from detente.domains.contracts import Evaluation
from detente.toys.domain import flat, training_samples
from detente.toys.linear import Distance, LinearQuadraticData, Point
from detente.toys.mixture import RingData, RingDomain
from toy_parts import parts


def test_linear_quadratic_data_have_the_first_two_moments_exactly() -> None:
    x = flat(training_samples(LinearQuadraticData(size=1000))).double()
    assert abs(x.mean()) < 1e-8  # rounding to float32
    assert x.square().mean().item() == pytest.approx(1, abs=1e-7)


def test_distance_is_the_mean_norm() -> None:
    samples = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert Distance()(Evaluation(samples, RingData(size=1), RingDomain())) == {"distance": 2.5}


def test_points_start_where_they_are_told() -> None:
    data = parts("bilinear").data
    generator, discriminator = Point(theta=2.0, psi=-0.5).build(data.space)
    assert torch.equal(generator(torch.zeros(3, 1)), torch.full((3, 4), 2.0))
    assert torch.equal(discriminator(torch.ones(3, 4)), torch.full((3,), -2.0))


def test_the_linear_quadratic_critic_is_what_its_name_says() -> None:
    toy = parts("linear-quadratic")
    x = torch.tensor([[-1.0], [2.0]])
    assert torch.equal(toy.networks.discriminator(x), torch.tensor([-0.5, 4.0]))  # w₂ = ½, w₁ = 1
    assert torch.equal(toy.networks.generator(x), torch.tensor([[0.5], [2.0]]))  # a = ½, b = 1
