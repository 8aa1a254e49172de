import torch
from torch import nn

from detente.regularizers.drift import Drift
from detente.testing.probe import Linear, probe, value

F64 = torch.float64


def test_it_is_epsilon_times_the_mean_square_of_the_reals_scores():
    real, fake = torch.tensor([[1.0], [3.0]], dtype=F64), torch.full((2, 1), 100.0, dtype=F64)
    assert (
        value(Drift(weight=0.5), probe(Linear(torch.tensor([2.0], dtype=F64)), real, fake)).item() == 0.5 * (4 + 36) / 2
    )


def test_positions_are_averaged_and_sub_critics_added_before_the_square():
    class Critics(nn.Module):
        def forward(self, x):
            return x, x[:, :1]  # [B, 2] and [B, 1]

    real = torch.tensor([[1.0, 3.0]], dtype=F64)
    assert value(Drift(weight=1.0), probe(Critics(), real, real)).item() == (2 + 1) ** 2
