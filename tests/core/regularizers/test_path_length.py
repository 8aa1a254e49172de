import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian

from detente.engine.network import Network
from detente.engine.sample import Leaf, Space, each
from detente.errors import UsageError
from detente.loops import attach
from detente.regularizers.path_length import PathLength
from detente.testing.probe import Linear, Matrix, Plain, probe, value

F64 = torch.float64


class Ones(Plain):
    def noise_like(self, x, generator):
        return each(torch.ones_like, x)


VECTOR = Space((Leaf((2,)),))
A = torch.tensor([[3.0, 1.0], [0.0, 3.0]], dtype=F64)  # Aᵀ(1, 1) = (3, 4)


def step_of(matrix=A, space=VECTOR, domain=None):
    z = torch.randn(4, 2, dtype=F64)
    critic = Linear(torch.ones(2, dtype=F64))
    return probe(
        critic,
        torch.zeros(4, 2, dtype=F64),
        generator=Matrix(matrix),
        z=z,
        turn="generator",
        space=space,
        domain=domain or Ones(),
    )


def test_at_first_it_is_the_squared_length():
    assert value(PathLength(weight=2.0), step_of()).item() == 2 * 25


def test_the_mean_follows_the_length_and_the_penalty_reads_it_as_it_was():
    path = PathLength(weight=1.0, decay=0.5)
    value(path, step_of())
    assert path.mean.item() == 2.5
    assert value(path, step_of()).item() == (5 - 2.5) ** 2
    assert path.mean.item() == 3.75


class Column(Matrix):
    """Two positions of one channel instead of one position of two channels."""

    def forward(self, z):
        return super().forward(z)[:, :, None]


def test_lengths_are_divided_by_the_root_of_the_number_of_positions():
    z = torch.randn(4, 2, dtype=F64)
    for space, positions in ((Space((Leaf((2, 1)),)), 2), (Space((Leaf((2, 1), channel_axis=1),)), 1), (None, 2)):
        step = probe(
            Linear(torch.ones(2, dtype=F64)),
            torch.zeros(4, 2, 1, dtype=F64),
            generator=Column(A),
            z=z,
            turn="generator",
            space=space,
            domain=Ones(),
        )
        # the root of 2 rounds
        assert value(PathLength(weight=1.0), step).item() == pytest.approx(25 / positions, rel=1e-15)


def test_positions_of_all_leaves_are_counted_together():
    class Leaves(nn.Module):
        def forward(self, z):
            x = z @ A.T
            return x[:, :1].reshape(-1, 1, 1), x[:, 1:].expand(-1, 3)  # one position of one channel, one of three

    z = torch.randn(4, 2, dtype=F64)
    space = Space((Leaf((1, 1)), Leaf((3,))))
    real = torch.zeros(4, 1, 1, dtype=F64), torch.zeros(4, 3, dtype=F64)
    step = probe(
        Linear(torch.ones(4, dtype=F64)), real, generator=Leaves(), z=z, turn="generator", space=space, domain=Ones()
    )
    # Jᵀ1 = Aᵀ(1, 3) = (3, 10)
    assert value(PathLength(weight=1.0), step).item() == pytest.approx((9 + 100) / 2, rel=1e-15)


def test_a_generator_that_ignores_its_latents_costs_the_squared_mean_and_has_a_finite_gradient():
    path = PathLength(weight=1.0)
    path.mean.fill_(3.0)
    step = step_of(matrix=torch.zeros(2, 2, dtype=F64))
    penalty = value(path, step)
    (grad,) = torch.autograd.grad(penalty, list(step.generator.parameters()))
    assert penalty.item() == 9.0
    assert grad.isfinite().all()


def test_the_mean_survives_a_checkpoint():
    one, other = PathLength(), PathLength()
    value(one, step_of())
    other.load_state_dict(one.state_dict())
    assert torch.equal(value(one, step_of()), value(other, step_of()))


def test_each_sample_has_a_direction_of_its_own_from_the_domain():
    """With G(z) = z on the line the length is |y|: E (|y| − 0)² = 1 for standard normal directions."""
    z = torch.zeros(20_000, 1, dtype=F64)
    eye = torch.ones(1, 1, dtype=F64)
    step = probe(Linear(torch.ones(1, dtype=F64)), z, generator=Matrix(eye), z=z, turn="generator", domain=Plain())
    # a χ² mean over 20 000 draws: four standard errors of 1 %
    assert value(PathLength(weight=1.0), step).item() == pytest.approx(1.0, abs=0.04)


def test_a_decay_that_never_learns_is_refused():
    with pytest.raises(UsageError, match="decay=1"):
        PathLength(decay=1.0)


class Mapped(Network):
    """z → w by a mapping, w → x = A w by a synthesis that is linear, or by one that is not."""

    abilities = frozenset({"mapping"})

    def __init__(self, bent: bool = False):
        super().__init__()
        torch.manual_seed(1)
        self.mapping = nn.Sequential(nn.Linear(3, 2, dtype=F64), nn.Tanh())
        self.A, self.bent = nn.Parameter(A.clone()), bent

    def synthesis(self, w):
        return (w.exp() if self.bent else w) @ self.A.T

    def forward(self, z):
        return self.synthesis(self.mapping(z))


def mapped_step(net):
    z = torch.randn(4, 3, dtype=F64, generator=torch.Generator().manual_seed(2))
    zeros = torch.zeros(4, 2, dtype=F64)
    return probe(
        Linear(torch.ones(2, dtype=F64)), zeros, generator=net, z=z, turn="generator", space=VECTOR, domain=Ones()
    )


def test_a_linear_synthesis_has_the_length_of_its_matrix_whatever_the_mapping_is():
    assert value(PathLength(weight=2.0), mapped_step(Mapped())).item() == 2 * 25


def test_the_length_is_that_of_the_jacobian_at_the_inner_latents():
    net = Mapped(bent=True)
    step, y = mapped_step(net), torch.ones(2, dtype=F64)
    w = net.mapping(step.z)
    J = torch.stack([jacobian(net.synthesis, one) for one in w])  # [B, x, w]
    expected = (y @ J).norm(dim=1).square().mean()
    torch.testing.assert_close(value(PathLength(weight=1.0), step), expected, rtol=1e-14, atol=0)


def test_it_trains_the_mapping_through_the_place_where_the_jacobian_is_taken():
    net = Mapped(bent=True)
    value(PathLength(), mapped_step(net)).backward()
    assert net.mapping[0].weight.grad.abs().sum() > 0
    straight = Mapped()
    penalty = value(PathLength(), mapped_step(straight))
    (grad,) = torch.autograd.grad(penalty, straight.mapping[0].weight, allow_unused=True)
    assert grad is None or not grad.any(), "its length is the same everywhere"


def test_attached_to_a_generator_that_is_called_in_another_way_it_starts_at_the_inner_latents_too():
    for more in ({}, {"forward": lambda net, z, labels: net(z)}):
        net, z = Mapped(), torch.randn(4, 3, dtype=F64)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        reg = attach(net, PathLength(weight=2.0), optimizer=optimizer, space=VECTOR, domain=Ones(), **more)
        with reg.turn(fake=net(z), z=z) as t:
            assert t.penalty().item() == 2 * 25
