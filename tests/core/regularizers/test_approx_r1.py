import pytest
import torch
from torch import nn

from detente import attach
from detente.regularizers import R1, R2, ApproxR1, ApproxR2
from detente.testing.probe import Linear, Matrix, probe, value

F64 = torch.float64
BOTH = [(ApproxR1, R1, "real"), (ApproxR2, R2, "fake")]
W = torch.tensor([3.0, 4.0], dtype=F64)


class Quadratic(nn.Module):
    """gᵀx + xᵀHx / 2 with g = (3, 4)."""

    H = torch.tensor([[2.0, 1.0], [1.0, -1.0]], dtype=F64)

    def __init__(self):
        super().__init__()
        self.g = nn.Parameter(W.clone())

    def forward(self, x):
        return x @ self.g + (x @ self.H * x).sum(1) / 2


class Dropped(nn.Module):
    """A linear critic behind torch's own dropout."""

    def __init__(self):
        super().__init__()
        self.drop, self.w = nn.Dropout(0.5), nn.Parameter(torch.ones(64, dtype=F64))

    def forward(self, x):
        return self.drop(x) @ self.w


def batch(which, x):
    """A step whose other side is far away."""
    return {which: x, {"real": "fake", "fake": "real"}[which]: torch.full_like(x, 1e3)}


@pytest.mark.parametrize(("ours", "exact", "which"), BOTH)
def test_on_a_linear_critic_its_expectation_is_that_of_the_exact_one_with_gamma_2_weight_var(ours, exact, which):
    n, weight, std = 200_000, 7.0, 0.3
    step = probe(Linear(W), **batch(which, torch.zeros(n, 2, dtype=F64)))
    same = value(exact(gamma=2 * weight * std**2), step).item()
    assert same == pytest.approx(weight * std**2 * 25)
    # (wᵀε)² / 25 is χ² with one degree of freedom, of variance 2
    assert value(ours(weight=weight, std=std), step).item() == pytest.approx(same, rel=4 * (2 / n) ** 0.5)


@pytest.mark.parametrize(("ours", "_", "which"), BOTH)
def test_on_a_quadratic_critic_curvature_adds_its_term(ours, _, which):
    n, std = 400_000, 1.0
    step = probe(Quadratic(), **batch(which, torch.zeros(n, 2, dtype=F64)))
    H = Quadratic.H
    expected = std**2 * 25 + std**4 / 4 * (H.trace() ** 2 + 2 * H.square().sum()).item()
    assert value(ours(weight=1.0, std=std), step).item() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("ours", "exact", "which"), BOTH)
def test_for_a_small_std_it_is_the_exact_penalty_along_the_noise_that_was_drawn(ours, exact, which):
    x, std = torch.randn(6, 2, dtype=F64), 1e-4
    step = probe(Quadratic(), **batch(which, x))
    noise = step.domain.noise_like(x, step.m.rng.at("noise").generator())
    slopes = ((W + x @ Quadratic.H) * noise).sum(1)
    assert value(ours(weight=std**-2, std=std), step).item() == pytest.approx(slopes.square().mean().item(), rel=1e-3)


@pytest.mark.parametrize(("ours", "_", "which"), BOTH)
def test_dropout_drops_the_same_units_for_both_scores(ours, _, which):
    """With masks of their own the scores of a sample of ones would differ by about 8, and the noise adds 1e-6."""
    step = probe(Dropped().train(), **batch(which, torch.ones(16, 64, dtype=F64)))
    assert 0 < value(ours(weight=1.0, std=1e-6), step).item() < 1e-8


def test_the_gradient_flows_through_both_scores():
    critic = Linear(W.clone())
    x = torch.randn(5, 2, dtype=F64)
    step = probe(critic, real=x, fake=x)
    value(ApproxR1(weight=1.0, std=0.5), step).backward()
    noise = 0.5 * step.domain.noise_like(x, step.m.rng.at("noise").generator())
    by_hand = (2 * (noise @ W)[:, None] * noise).mean(0)  # of (wᵀ(x + n) − wᵀx)², in which x cancels
    assert torch.allclose(critic.w.grad, by_hand, rtol=1e-12)


def test_the_generator_is_not_reached():
    generator, z = Matrix(torch.eye(2, dtype=F64)), torch.randn(4, 2, dtype=F64)
    value(ApproxR2(), probe(Linear(W), z, generator=generator, z=z)).backward()
    assert generator.A.grad is None


class Fused(nn.Module):
    """A critic with torch's fused attention, which has no second derivative."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(4))

    def forward(self, x):
        x = (x * self.w)[:, None]  # [B, heads, positions, d]
        return nn.functional.scaled_dot_product_attention(x, x, x).sum((1, 2, 3))


@pytest.mark.parametrize(("chain", "works"), [("approx-r1", True), ("approx-r2", True), ("r1", False)])
def test_it_works_where_a_second_derivative_does_not(chain, works):
    D, real = Fused(), torch.randn(5, 3, 4)
    reg = attach(D, chain, optimizer=torch.optim.SGD(D.parameters(), 0.1))
    with reg.turn(real, real + 1) as t:
        loss = t.penalty(D(t.real), D(t.fake))
        if works:
            loss.backward()
            assert D.w.grad is not None and D.w.grad.norm() > 0
        else:
            with pytest.raises(RuntimeError, match="not implemented"):
                loss.backward()
