import pytest
import torch

from detente.errors import UsageError
from detente.regularizers.jacobian_clamp import JacobianClamp
from detente.testing.probe import Linear, Matrix, probe, value

F64 = torch.float64


def of(c: float, **options) -> float:
    """With G(z) = c·Rz for a rotation R, every direction is stretched by |c|."""
    rotation = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=F64)
    step = probe(
        Linear(torch.ones(2, dtype=F64)),
        torch.zeros(5, 2, dtype=F64),
        generator=Matrix(c * rotation),
        z=torch.randn(5, 2, dtype=F64),
        turn="generator",
    )
    return value(JacobianClamp(**options), step).item()


def test_between_the_bounds_it_is_free():
    assert of(5.0) == of(1.5) == 0.0


def test_outside_it_costs_the_squared_distance_to_the_bound():
    # differences of samples round, by some ulps of the samples
    assert of(0.25) == pytest.approx(0.75**2, rel=1e-13)
    assert of(-23.0) == pytest.approx(9.0, rel=1e-12)
    assert of(4.0, low=0.0, high=1.0, weight=2.0) == pytest.approx(18.0, rel=1e-13)


def test_the_length_of_the_step_cancels_for_a_linear_generator():
    assert of(0.25, step=1e-3) == pytest.approx(0.75**2, rel=1e-11)


def test_a_constant_generator_pays_the_lower_bound_and_its_gradient_is_finite():
    generator = Matrix(torch.zeros(2, 2, dtype=F64))
    step = probe(
        Linear(torch.ones(2, dtype=F64)),
        torch.zeros(5, 2, dtype=F64),
        generator=generator,
        z=torch.randn(5, 2, dtype=F64),
        turn="generator",
    )
    penalty = value(JacobianClamp(), step)
    (grad,) = torch.autograd.grad(penalty, generator.A)
    assert penalty.item() == 1.0
    assert grad.isfinite().all()


def test_bounds_in_the_wrong_order_are_refused():
    with pytest.raises(UsageError, match=r"low=2\.0 should be at most high=1\.0"):
        JacobianClamp(low=2.0, high=1.0)
