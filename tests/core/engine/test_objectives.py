"""The adversarial terms by hand."""

import math

import pytest
import torch
from torch import nn

from detente.engine.objectives import Hinge, LeastSquares, NonSaturating, Relativistic, Saturating, Wasserstein
from detente.testing.probe import probe
from small_game import F64


class Fixed(nn.Module):
    def forward(self, x):
        return x[:, 0]


REAL, FAKE = torch.tensor([[2.0], [-1.0]], dtype=F64), torch.tensor([[0.5], [-3.0]], dtype=F64)


def softplus(x: float) -> float:
    return torch.nn.functional.softplus(torch.tensor(x, dtype=F64)).item()


@pytest.mark.parametrize(
    ("objective", "discriminator", "generator"),
    [
        (Wasserstein(), (0.5 - 3) / 2 - (2 - 1) / 2, -(0.5 - 3) / 2),
        (Hinge(), (0 + 2) / 2 + (1.5 + 0) / 2, -(0.5 - 3) / 2),
        (LeastSquares(), (1 + 4) / 4 + (0.25 + 9) / 4, (0.25 + 16) / 4),
        (
            NonSaturating(),
            (softplus(-2) + softplus(1)) / 2 + (softplus(0.5) + softplus(-3)) / 2,
            (softplus(-0.5) + softplus(3)) / 2,
        ),
        (
            Saturating(),
            (softplus(-2) + softplus(1)) / 2 + (softplus(0.5) + softplus(-3)) / 2,
            -(softplus(0.5) + softplus(-3)) / 2,
        ),
        (Relativistic(), (softplus(0.5 - 2) + softplus(-3 + 1)) / 2, (softplus(2 - 0.5) + softplus(-1 + 3)) / 2),
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, float) else "",
)
def test_objectives_by_hand(objective, discriminator, generator):
    step = probe(Fixed(), REAL, FAKE)
    assert objective.discriminator(step).item() == pytest.approx(discriminator, rel=1e-14)
    assert objective.generator(step).item() == pytest.approx(generator, rel=1e-14)


def test_positions_are_averaged_and_sub_critics_summed():
    class Many(nn.Module):
        def forward(self, x):
            return x[:, 0], torch.stack([x[:, 0], 3 * x[:, 0]], 1)

    step = probe(Many(), REAL, FAKE)
    assert Wasserstein().generator(step).item() == -(FAKE.mean() + 2 * FAKE.mean()).item()
    assert step.real_score.tolist() == [6.0, -3.0]


ALL = [Wasserstein(), Hinge(), LeastSquares(), NonSaturating(), Saturating(), Relativistic()]


@pytest.mark.parametrize("objective", ALL, ids=lambda o: type(o).__name__)
def test_each_player_is_driven_where_the_paper_says(objective):
    """From undecided logits the discriminator raises those of reals, and the generator those of fakes."""
    real, fake = torch.zeros(3, 1, dtype=F64), torch.zeros(3, 1, dtype=F64)
    step = probe(Fixed(), real, fake)
    d_real, d_fake = torch.autograd.grad(objective.discriminator(step), (step.real, step.fake))
    assert (d_real < 0).all() and (d_fake >= 0).all()
    assert (d_fake > 0).all() or isinstance(objective, LeastSquares)  # a fake at 0 is where least squares wants it
    (g_fake,) = torch.autograd.grad(objective.generator(step), step.fake)
    assert (g_fake < 0).all()


@pytest.mark.parametrize("objective", ALL, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("size", [1e3, 1e6])
def test_large_logits_overflow_no_loss_and_no_gradient(objective, size):
    for sign in (1.0, -1.0):
        real, fake = torch.full((2, 1), sign * size), torch.full((2, 1), -sign * size)
        step = probe(Fixed(), real, fake)
        for loss in (objective.discriminator(step), objective.generator(step)):
            grads = torch.autograd.grad(loss, (step.real, step.fake), allow_unused=True)
            assert loss.isfinite() and all(g.isfinite().all() for g in grads if g is not None)


def test_hinge_pushes_no_logit_that_is_beyond_its_margin():
    real, fake = torch.tensor([[1.5], [0.5]]), torch.tensor([[-1.5], [-0.5]])
    step = probe(Fixed(), real, fake)
    d_real, d_fake = torch.autograd.grad(Hinge().discriminator(step), (step.real, step.fake))
    assert (d_real.flatten().tolist(), d_fake.flatten().tolist()) == ([0.0, -0.5], [0.0, 0.5])


def test_a_saturating_generator_learns_little_from_fakes_that_are_seen_through_and_the_other_much():
    """Their slopes are −σ(D) and −σ(−D)."""
    step = probe(Fixed(), torch.zeros(1, 1), torch.full((1, 1), -10.0))
    slow, fast = (torch.autograd.grad(o.generator(step), step.fake)[0].item() for o in (Saturating(), NonSaturating()))
    assert slow == pytest.approx(-math.exp(-10), rel=1e-4) and fast == pytest.approx(-1, rel=1e-4)
