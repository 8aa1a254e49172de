import pytest
import torch
from torch import nn

from detente.regularizers.mode_seeking import ModeSeeking
from detente.testing.probe import Linear, Matrix, probe, value

F64 = torch.float64
Z = torch.tensor([[0.0], [1.0], [5.0]], dtype=F64)


def step_of(generator, z=Z, labels=None):
    return probe(
        Linear(torch.ones(1, dtype=F64)),
        torch.zeros(len(z), 1, dtype=F64),
        generator=generator,
        z=z,
        turn="generator",
        labels=labels,
    )


def test_on_the_line_it_is_the_inverse_of_the_slope():
    assert value(ModeSeeking(weight=2.0, eps=1e-30), step_of(Matrix(torch.tensor([[-4.0]], dtype=F64)))).item() == 0.5


def test_the_ratio_is_one_of_means_and_not_the_mean_of_ratios():
    class Square(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.tensor(1.0, dtype=F64))

        def forward(self, z):
            return self.a * z.square()

    # neighbours (0, 5), (1, 0), (5, 1): samples 25, 1, 24 apart, latents 5, 1, 4
    assert value(ModeSeeking(eps=1e-30), step_of(Square())).item() == pytest.approx(10 / 50, rel=1e-15)


def test_the_second_latent_keeps_the_condition_of_the_first():
    class Labelled(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.tensor(2.0, dtype=F64))

        def forward(self, z, labels):
            return self.a * z + 1000.0 * labels[:, None]

    step = step_of(Labelled(), labels=torch.tensor([0, 1, 2]))
    assert value(ModeSeeking(eps=1e-30), step).item() == pytest.approx(0.5, rel=1e-12)  # labels cancel


@pytest.mark.parametrize("z", [Z, Z[:1]])
def test_a_constant_generator_or_a_lone_sample_costs_the_inverse_of_eps(z):
    generator = Matrix(torch.zeros(1, 1, dtype=F64))
    penalty = value(ModeSeeking(eps=0.25), step_of(generator, z))
    (grad,) = torch.autograd.grad(penalty, generator.A)
    assert (penalty.item(), grad.item()) == (4.0, 0.0)
