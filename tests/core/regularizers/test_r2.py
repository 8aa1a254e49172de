import torch
from torch import nn

from detente.regularizers.r1 import R1
from detente.regularizers.r2 import R2
from detente.testing.probe import Linear, Matrix, probe, value

F64 = torch.float64


class Square(nn.Module):
    """∇D = a·x."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor(1.0, dtype=F64))

    def forward(self, x):
        return self.a * x.square().sum(1) / 2


def test_on_a_linear_critic_it_is_half_gamma_times_the_squared_norm_of_w():
    w = torch.tensor([3.0, 4.0], dtype=F64)
    assert (
        value(R2(gamma=10.0), probe(Linear(w), torch.zeros(5, 2, dtype=F64), torch.ones(5, 2, dtype=F64))).item() == 125
    )


def test_on_dirac_it_is_half_gamma_psi_squared_and_equals_r1():
    step = probe(Linear(torch.tensor([0.7], dtype=F64)), torch.zeros(3, 1, dtype=F64), torch.ones(3, 1, dtype=F64))
    assert value(R2(gamma=2.0), step).item() == 0.7 * 0.7 == value(R1(gamma=2.0), step).item()


def test_it_looks_at_the_fakes_and_not_at_the_reals():
    step = probe(Square(), torch.full((2, 1), 100.0, dtype=F64), torch.tensor([[1.0], [3.0]], dtype=F64))
    assert value(R2(gamma=1.0), step).item() == (1 + 9) / 2 / 2


def test_two_leaves_and_several_positions_have_one_norm():
    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.tensor([3.0, 4.0], dtype=F64))

        def forward(self, x):
            return (x[0] * self.w[0]).flatten(1), (x[1] * self.w[1]).flatten(1)  # [B, 2], [B, 1]: slopes 3/2, 3/2, 4

    x = torch.randn(4, 2, 1, dtype=F64), torch.randn(4, 1, dtype=F64)
    assert value(R2(gamma=2.0), probe(Positions(), x, x)).item() == 1.5**2 + 1.5**2 + 4**2


def test_the_generator_is_not_reached():
    generator = Matrix(torch.eye(2, dtype=F64))
    z = torch.randn(4, 2, dtype=F64)
    value(R2(), probe(Square(), z, generator=generator, z=z)).backward()
    assert generator.A.grad is None
