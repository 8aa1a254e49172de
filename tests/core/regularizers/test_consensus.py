import pytest
import torch

from detente.engine.objectives import NonSaturating, Wasserstein
from detente.regularizers.consensus import Consensus
from detente.testing.probe import Linear, probe, value

F64 = torch.float64


class Point(torch.nn.Module):
    def __init__(self, theta):
        super().__init__()
        self.theta = torch.nn.Parameter(torch.tensor([theta], dtype=F64))

    def forward(self, z):
        return self.theta.expand(len(z), 1)


def dirac(turn, psi=0.5, theta=2.0, objective=None):
    return probe(
        Linear(torch.tensor([psi], dtype=F64)),
        torch.zeros(3, 1, dtype=F64),
        generator=Point(theta),
        z=torch.zeros(3, 1, dtype=F64),
        turn=turn,
        objective=objective or Wasserstein(),
    )


@pytest.mark.parametrize("turn", ["discriminator", "generator"])
def test_on_dirac_both_players_see_half_gamma_times_theta_squared_plus_psi_squared(turn):
    step = dirac(turn)
    penalty = value(Consensus(gamma=10.0), step)
    psi, theta = *step.discriminator.parameters(), *step.generator.parameters()
    assert penalty.item() == 5 * (0.25 + 4)
    assert [g.item() for g in torch.autograd.grad(penalty, (psi, theta))] == [10 * 0.5, 10 * 2.0]


@pytest.mark.parametrize("turn", ["discriminator", "generator"])
def test_with_the_logistic_loss_each_gradient_is_weighed_by_its_sigmoid(turn):
    """∂L_D/∂ψ = σ(ψθ)·θ and ∂L_G/∂θ = −σ(−ψθ)·ψ, at ψθ = 1."""
    sure = torch.tensor(1.0, dtype=F64).sigmoid().item()
    got = value(Consensus(gamma=2.0), dirac(turn, objective=NonSaturating())).item()
    assert got == pytest.approx((2 * sure) ** 2 + (0.5 * (1 - sure)) ** 2, rel=1e-14)


def test_at_the_equilibrium_it_is_zero_and_pulls_nowhere():
    step = dirac("discriminator", psi=0.0, theta=0.0)
    penalty = value(Consensus(), step)
    (grad,) = torch.autograd.grad(penalty, list(step.discriminator.parameters()))
    assert (penalty.item(), grad.item()) == (0.0, 0.0)


def test_it_says_that_it_looks_through_both_players():
    assert (Consensus.couples, Consensus.players[0]) == (True, "both")
