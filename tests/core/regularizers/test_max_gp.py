import torch
from torch import nn

from detente.regularizers.max_gp import MaxGP
from detente.testing.probe import Linear, probe, value

F64 = torch.float64


class Square(nn.Module):
    """∇D = a·x."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor(1.0, dtype=F64))

    def forward(self, x):
        return self.a * x.square().sum(1) / 2


def test_a_linear_critic_costs_lambda_times_its_squared_norm():
    step = probe(
        Linear(torch.tensor([3.0, 4.0], dtype=F64)), torch.randn(6, 2, dtype=F64), torch.randn(6, 2, dtype=F64)
    )
    assert value(MaxGP(weight=2.0), step).item() == 50.0


def test_only_the_steepest_sample_counts():
    """Real and fake agree, so the mixes are known: slopes 1, 3 and 2."""
    x = torch.tensor([[1.0], [-3.0], [2.0]], dtype=F64)
    assert value(MaxGP(weight=1.0), probe(Square(), x, x)).item() == 9.0


def test_samples_that_tie_share_the_gradient():
    critic = Square()
    x = torch.tensor([[3.0], [3.0], [1.0]], dtype=F64)
    (grad,) = torch.autograd.grad(value(MaxGP(weight=1.0), probe(critic, x, x)), critic.a)
    assert grad.item() == 18.0  # d(9a²)/da, as with one of them
