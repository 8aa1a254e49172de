"""Toys with a closed-form solution: points, lines and parabolas."""

import pytest
import torch

from detente.domains.contracts import Evaluation
from detente.engine.sample import leaves
from detente.toys.domain import flat, training_samples
from detente.toys.linear import BilinearData, Distance, LinearQuadratic, LinearQuadraticData, Point
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


@pytest.mark.parametrize("dim", [1, 3])
def test_the_points_of_the_bilinear_game_are_at_the_origin_in_every_split(dim: int) -> None:
    data = BilinearData(dim=dim, size=5)
    for x in (data.batch(torch.arange(5)).x, data.held_out(), data.reference()):
        assert not leaves(x)[0].any() and leaves(x)[0].shape[1] == dim
    assert data.identity != BilinearData(dim=dim + 1, size=5).identity


def test_the_linear_quadratic_game_rests_at_its_equilibrium_and_nowhere_near_it() -> None:
    """E D(G(z)) − E D(x) = w₂(a² + b² − 1) + w₁b has no slope in any of the four at a = ±1, b = w₁ = w₂ = 0."""
    z = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)  # mean 0 and mean square 1, as of the data
    for a, b, w1, w2, rests in ((1.0, 0.0, 0.0, 0.0, True), (-1.0, 0.0, 0.0, 0.0, True), (1.0, 0.0, 0.0, 0.1, False)):
        model = LinearQuadratic(a, b, w1, w2)
        G, D = (net.double() for net in model.build(LinearQuadraticData(size=2).space))
        loss = D(G(z)).mean() - D(z).mean()
        grads = torch.autograd.grad(loss, [*G.parameters(), *D.parameters()])
        assert (max(g.abs().max().item() for g in grads) < 1e-12) is rests
