import pytest
import torch

from detente.engine.objectives import NonSaturating, Wasserstein
from detente.regularizers.nagarajan_kolter import NagarajanKolter
from detente.testing.probe import Linear, Matrix, probe, value

F64 = torch.float64


def game(objective, real, psi=0.5, a=2.0):
    z = torch.ones(len(real), 1, dtype=F64)
    return probe(
        Linear(torch.tensor([psi], dtype=F64)),
        torch.tensor(real, dtype=F64)[:, None],
        generator=Matrix(torch.tensor([[a]], dtype=F64)),
        z=z,
        turn="generator",
        objective=objective,
    )


def test_on_dirac_it_is_eta_theta_squared_and_pulls_theta_to_the_data():
    step = game(Wasserstein(), [0.0, 0.0])
    penalty = value(NagarajanKolter(weight=0.5), step)
    (grad,) = torch.autograd.grad(penalty, list(step.generator.parameters()))
    assert (penalty.item(), grad.item()) == (0.5 * 4, 2 * 0.5 * 2)


def test_a_linear_critic_gains_by_the_distance_of_the_means():
    """∇_w (E D(x̃) − E D(x)) = 2 − (1 + 5)/2."""
    assert value(NagarajanKolter(weight=1.0), game(Wasserstein(), [1.0, 5.0])).item() == 1.0


def test_with_the_logistic_loss_the_critics_own_gradient_counts():
    sure = torch.tensor(0.5 * 2.0, dtype=F64).sigmoid().item()
    got = value(NagarajanKolter(weight=1.0), game(NonSaturating(), [0.0])).item()
    assert got == pytest.approx((2 * sure) ** 2, rel=1e-14)
