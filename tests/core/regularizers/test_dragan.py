import torch
from torch import nn

from detente.engine.sample import each
from detente.regularizers.dragan import DRAGAN
from detente.testing.probe import Linear, Plain, probe, value

F64 = torch.float64


class Ones(Plain):
    def noise_like(self, x, generator):
        return each(torch.ones_like, x)


class Recording(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2, dtype=F64))
        self.seen = []

    def forward(self, x):
        self.seen.append(x)
        return sum(leaf.flatten(1).sum(1) for leaf in (x if isinstance(x, tuple) else (x,))) * self.w[0]


def test_a_linear_critic_of_norm_five_costs_160():
    step = probe(
        Linear(torch.tensor([3.0, 4.0], dtype=F64)), torch.randn(6, 2, dtype=F64), torch.zeros(6, 2, dtype=F64)
    )
    assert value(DRAGAN(), step).item() == 160.0
    assert value(DRAGAN(weight=1.0, target=2.0), step).item() == 9.0


def test_it_looks_half_a_standard_deviation_of_the_batch_away_from_the_reals():
    critic = Recording()
    real = torch.tensor([[1.0, 1.0], [5.0, 5.0]], dtype=F64)  # standard deviation 2
    value(DRAGAN(), probe(critic, real, torch.full((2, 2), 100.0, dtype=F64), domain=Ones()))
    assert torch.equal(critic.seen[-1], real + 0.5 * 2)


def test_all_leaves_have_one_standard_deviation():
    critic = Recording()
    real = torch.ones(3, 1, dtype=F64), torch.full((3, 1), 5.0, dtype=F64)
    value(DRAGAN(scale=1.0), probe(critic, real, real, domain=Ones()))
    assert [leaf[0].item() for leaf in critic.seen[-1]] == [1 + 2, 5 + 2]


def test_on_equal_reals_it_looks_at_the_reals_themselves_and_a_flat_critic_pays_the_target():
    critic = Linear(torch.zeros(1, dtype=F64))
    penalty = value(DRAGAN(), probe(critic, torch.zeros(3, 1, dtype=F64), torch.ones(3, 1, dtype=F64)))
    (grad,) = torch.autograd.grad(penalty, critic.w)
    assert (penalty.item(), grad.item()) == (10.0, 0.0)
