import torch
from torch import nn

from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.r1 import R1
from detente.regularizers.zero_centred_gp import ZeroCentredGP
from detente.testing.probe import Linear, probe, value

F64 = torch.float64


def test_a_linear_critic_of_norm_five_costs_twenty_five_lambda_without_a_half():
    step = probe(
        Linear(torch.tensor([3.0, 4.0], dtype=F64)), torch.randn(6, 2, dtype=F64), torch.randn(6, 2, dtype=F64)
    )
    assert value(ZeroCentredGP(weight=10.0), step).item() == 250.0
    assert value(R1(gamma=20.0), step).item() == 250.0


def test_it_is_the_gradient_penalty_with_target_zero_at_the_same_mixes():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)).to(F64)
    real, fake = torch.randn(5, 3, dtype=F64), torch.randn(5, 3, dtype=F64)
    a, b = (value(r, probe(critic, real, fake)) for r in (ZeroCentredGP(weight=3.0), GradientPenalty(3.0, target=0.0)))
    assert torch.allclose(a, b, rtol=1e-14)  # there a root is taken and squared again


def test_a_flat_critic_costs_nothing_and_pulls_nowhere():
    critic = Linear(torch.zeros(3, dtype=F64))
    penalty = value(ZeroCentredGP(), probe(critic, torch.ones(4, 3, dtype=F64), torch.zeros(4, 3, dtype=F64)))
    (grad,) = torch.autograd.grad(penalty, critic.w)
    assert penalty.item() == 0.0
    assert not grad.any()
