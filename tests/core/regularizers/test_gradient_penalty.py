import pytest
import torch
from torch import nn

from detente.regularizers.gradient_penalty import GradientPenalty
from detente.testing.probe import Linear, probe, value

F64 = torch.float64


def on_linear(w: list[float], **options) -> float:
    real, fake = torch.randn(6, len(w), dtype=F64), torch.randn(6, len(w), dtype=F64)
    return value(GradientPenalty(**options), probe(Linear(torch.tensor(w, dtype=F64)), real, fake)).item()


@pytest.mark.parametrize("points", ["mix", "real", "fake"])
def test_a_linear_critic_of_norm_five_costs_160(points):
    assert on_linear([3.0, 4.0], points=points) == 160.0


def test_a_target_of_zero_leaves_the_squared_norm():
    assert on_linear([3.0, 4.0], target=0.0, weight=1.0) == 25.0


def test_one_sided_costs_nothing_below_the_target():
    assert on_linear([0.3, 0.4], one_sided=True) == 0.0
    assert on_linear([3.0, 4.0], one_sided=True) == 160.0


def test_two_leaves_have_one_joint_norm():
    """w has joint norm 1 over (bonds, nodes) of norms 0.6 and 0.8, so the penalty is 0."""
    w = torch.tensor([0.36, 0.48, 0.0, 0.8], dtype=F64)
    real = torch.randn(5, 2, 1, dtype=F64), torch.randn(5, 2, dtype=F64)
    fake = torch.randn(5, 2, 1, dtype=F64), torch.randn(5, 2, dtype=F64)
    # √(0.36² + 0.48² + 0.8²) rounds to 1 within an ulp or two
    assert value(GradientPenalty(), probe(Linear(w), real, fake)).item() < 1e-30


def test_by_position_every_position_has_a_norm_of_its_own():
    """Three positions of gradient (3, 4), (0, 1), (0, 0): excess 4, 0, −1."""
    w = torch.tensor([3.0, 4.0, 0.0, 1.0, 0.0, 0.0], dtype=F64)
    real, fake = torch.randn(5, 3, 2, dtype=F64), torch.randn(5, 3, 2, dtype=F64)
    got = value(GradientPenalty(weight=3.0, scope="position"), probe(Linear(w), real, fake))
    assert got.item() == pytest.approx(16 + 0 + 1, rel=1e-15)


def test_at_zero_gradient_the_value_is_weight_times_target_squared_and_its_gradient_is_zero():
    critic = Linear(torch.zeros(3, dtype=F64))
    penalty = value(GradientPenalty(), probe(critic, torch.randn(4, 3, dtype=F64), torch.randn(4, 3, dtype=F64)))
    penalty.backward()
    assert penalty.item() == 10.0
    assert critic.w.grad is not None and critic.w.grad.tolist() == [0.0, 0.0, 0.0]


def test_the_mix_weighs_whole_samples():
    """The critic records where it is asked: every x̂ is on the line from its real to its fake sample."""
    seen: list[torch.Tensor] = []

    class Recording(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(3, dtype=F64))

        def forward(self, x):
            seen.append(x.detach())
            return x @ self.w

    real, fake = torch.zeros(64, 3, dtype=F64), torch.ones(64, 3, dtype=F64)
    value(GradientPenalty(), probe(Recording(), real, fake))
    (x,) = seen
    assert torch.equal(x[:, 0], x[:, 1]) and torch.equal(x[:, 0], x[:, 2])
    assert x.min() >= 0 and x.max() < 1 and 0.35 < x.mean() < 0.65  # 64 draws of U(0, 1): 4 standard errors
