import copy

import pytest
import torch
from torch import nn

from detente.errors import UsageError
from detente.regularizers.gradient_norm import GradientNorm
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.r1 import R1
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything
from detente.testing.probe import Linear, probe, value
from detente.toys.tokens import TokenCritic

F64 = torch.float64


def on(critic: nn.Module, **options) -> nn.Module:
    GradientNorm(**options).rewrite(critic)
    return critic


def linear() -> nn.Module:
    return on(Linear(torch.tensor([3.0, 4.0], dtype=F64)))


POINTS = torch.tensor([[1.0, 0.0], [0.0, 5.0], [-3.0, 1.0], [4.0, -3.0]], dtype=F64)  # f = 3, 20, −5, 0


def test_on_a_linear_critic_it_is_f_over_five_plus_the_size_of_f():
    assert linear()(POINTS).tolist() == [3 / 8, 20 / 25, -5 / 10, 0]


def test_its_slope_is_at_most_one_and_is_one_where_f_is_zero():
    """∇D̂ = ‖w‖² / (‖w‖ + |f|)², so r1 is γ/2 of its square's mean."""
    slopes = [(25 / (5 + f) ** 2) ** 2 for f in (3, 20, 5, 0)]
    assert slopes[-1] == 1.0
    got = value(R1(gamma=2.0), probe(linear(), POINTS, torch.zeros(4, 2, dtype=F64)))
    assert got.item() == pytest.approx(sum(slopes) / 4, rel=1e-14)


def test_without_a_graph_it_gives_the_same_and_leaves_no_graph():
    critic = linear()
    with torch.no_grad():
        out = critic(POINTS)
        assert not torch.is_grad_enabled()
    assert torch.equal(out, critic(POINTS)) and not out.requires_grad and critic(POINTS).requires_grad
    frozen = GradientNorm().deploy(critic)
    assert torch.equal(frozen(POINTS), out) and not frozen(POINTS).requires_grad


def test_its_gradient_goes_through_the_norm():
    """Against the same written out by hand, for a curved critic."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(2, 5, dtype=F64), nn.Tanh(), nn.Linear(5, 1, dtype=F64), nn.Flatten(0))
    wrapped = on(copy.deepcopy(plain))
    x = POINTS.clone().requires_grad_()
    f = plain(x)
    (grad,) = torch.autograd.grad(f.sum(), x, create_graph=True)
    (f / (grad.norm(dim=1) + f.abs())).square().sum().backward()
    wrapped(POINTS).square().sum().backward()
    for p, q in zip(plain.parameters(), wrapped.parameters(), strict=True):
        assert p.grad is not None and q.grad is not None and torch.allclose(p.grad, q.grad, rtol=1e-12, atol=1e-15)


def test_a_generator_gets_gradients_through_it():
    z = torch.randn(4, 2, dtype=F64, requires_grad=True)
    (grad,) = torch.autograd.grad(linear()(2 * z).sum(), z)
    f = (2 * z.detach()) @ torch.tensor([3.0, 4.0], dtype=F64)
    expected = 2 * (5 / (5 + f.abs()) ** 2)[:, None] * torch.tensor([3.0, 4.0], dtype=F64)
    assert torch.allclose(grad, expected, rtol=1e-13)


def test_a_critic_that_is_zero_everywhere_stays_so_with_finite_gradients():
    critic = on(Linear(torch.zeros(2, dtype=F64)))
    out = critic(POINTS)
    out.sum().backward()
    assert not out.any() and isinstance(critic, Linear) and critic.w.grad is not None and critic.w.grad.isfinite().all()


class Parts(nn.Module):
    """A critic of a position-wise and a scalar sub-critic on a sample of two leaves; the second sees one leaf only."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor(2.0, dtype=F64))

    def forward(self, x):
        table, vector = x
        return self.a * table + vector.sum(1, keepdim=True), 3 * self.a * vector.sum(1)


def test_each_sub_critic_has_its_own_denominator_of_all_leaves_and_positions():
    table, vector = torch.tensor([[1.0, 5.0]], dtype=F64), torch.tensor([[1.0, 1.0, 1.0]], dtype=F64)
    local, whole = on(Parts())((table, vector))
    # mean logit (5 + 13)/2 = 9, its gradient (1, 1) on the table and (1, 1, 1) on the vector
    assert torch.allclose(local, torch.tensor([[5.0, 13.0]], dtype=F64) / (9 + 5**0.5), rtol=1e-14)
    assert whole.item() == pytest.approx(18 / (18 + 108**0.5), rel=1e-14)


def test_by_embedding_the_slope_is_that_of_everything_behind_the_embedding():
    torch.manual_seed(0)
    plain = TokenCritic(width=8, embedding=4).double()
    x = torch.rand(3, 6, 5, dtype=F64)
    wrapped = on(copy.deepcopy(plain), space="embedding")
    e = plain.embed(x).detach().requires_grad_()
    f = plain.out(plain.act(plain.fc(e.flatten(1))))[:, 0]
    (grad,) = torch.autograd.grad(f.sum(), e)
    expected = f / (grad.flatten(1).norm(dim=1) + f.abs())
    assert torch.allclose(wrapped(x), expected, rtol=1e-12)
    with torch.no_grad():
        assert torch.allclose(wrapped(x), expected, rtol=1e-12)
    assert not list(wrapped.get_submodule("embed")._forward_hooks)


def test_a_penalty_at_the_embedding_needs_it_by_embedding():
    real, fake = torch.rand(3, 6, 5, dtype=F64), torch.rand(3, 6, 5, dtype=F64)
    penalty = GradientPenalty(space="embedding")
    good = on(TokenCritic(width=8, embedding=4).double(), space="embedding")
    value(penalty, probe(good, real, fake)).backward()
    assert all(p.grad is not None for p in good.get_submodule("fc").parameters())
    bad = on(TokenCritic(width=8, embedding=4).double())
    with pytest.raises(UsageError, match="space='embedding' too"):
        value(penalty, probe(bad, real, fake))
    assert torch.is_grad_enabled() and bad(real).shape == (3,)


def test_a_network_without_an_embedding_is_refused_by_name():
    with pytest.raises(UsageError, match="Linear has no 'embed'"):
        on(Linear(torch.zeros(2)), space="embedding")


def test_a_forward_that_fails_leaves_everything_as_it_was():
    critic = linear()
    with torch.no_grad():
        with pytest.raises(RuntimeError):
            critic(torch.ones(1, 7, dtype=F64))
        assert not torch.is_grad_enabled()
    assert critic(POINTS)[0] == 3 / 8


@pytest.mark.parametrize("case", cases(["critics", "pair", "tokens"]), ids=lambda case: case.name)
def test_a_run_that_was_stopped_goes_on_bit_for_bit(case):
    a_checkpoint_holds_everything(Subject(GradientNorm, case, "discriminator"))
