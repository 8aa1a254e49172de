import torch
from torch import nn

from detente.regularizers.r1 import R1
from detente.testing.probe import Linear, probe, value

F64 = torch.float64


def test_on_a_linear_critic_it_is_half_gamma_times_the_squared_norm_of_w():
    step = probe(
        Linear(torch.tensor([3.0, 4.0], dtype=F64)), torch.randn(5, 2, dtype=F64), torch.zeros(5, 2, dtype=F64)
    )
    assert value(R1(gamma=10.0), step).item() == 125.0


def test_on_dirac_it_is_half_gamma_psi_squared():
    step = probe(Linear(torch.tensor([0.7], dtype=F64)), torch.zeros(3, 1, dtype=F64), torch.ones(3, 1, dtype=F64))
    assert value(R1(gamma=2.0), step).item() == 0.7 * 0.7


def test_it_looks_at_the_reals_and_not_at_the_fakes():
    class Square(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.tensor(1.0, dtype=F64))

        def forward(self, x):
            return self.a * x.square().sum(1) / 2  # ∇D = a·x

    real = torch.tensor([[1.0], [3.0]], dtype=F64)
    step = probe(Square(), real, torch.full((2, 1), 100.0, dtype=F64))
    assert value(R1(gamma=1.0), step).item() == (1 + 9) / 2 / 2


def test_the_logits_are_those_of_the_objective_and_no_forward_is_added():
    calls = []
    critic = Linear(torch.ones(2))
    critic.register_forward_hook(lambda *_: calls.append(1))
    step = probe(critic, torch.randn(4, 2), torch.randn(4, 2))
    step.objective.discriminator(step)
    value(R1(), step).backward()
    assert len(calls) == 2
