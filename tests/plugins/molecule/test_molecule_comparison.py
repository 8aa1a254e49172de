"""A layer with which a critic sees that samples repeat."""

import torch

from detente_molecule.networks.comparison import Comparison


def test_it_is_the_mean_likeness_to_the_others_of_the_batch() -> None:
    torch.manual_seed(0)
    layer, h = Comparison(5, 3).double(), torch.randn(4, 5, dtype=torch.float64)
    seen = (h @ layer.see.weight.T).reshape(4, 3, 4)
    for i in range(4):
        for k in range(3):
            others = [torch.exp(-(seen[i, k] - seen[j, k]).abs().sum()) for j in range(4) if j != i]
            assert torch.isclose(layer(h)[i, k], 8 * torch.stack(others).mean(), rtol=1e-12)


def test_equal_samples_are_as_alike_as_can_be_and_distant_ones_not_at_all() -> None:
    layer = Comparison(5, 3)
    assert torch.equal(layer(torch.ones(6, 5)), torch.full((6, 3), 8.0))
    assert layer(1e4 * torch.randn(6, 5)).max() < 1e-6


def test_a_batch_of_one_and_an_evaluation_see_no_other() -> None:
    layer = Comparison(5, 3)
    assert torch.equal(layer(torch.randn(1, 5)), torch.zeros(1, 3))
    assert torch.equal(layer.eval()(torch.randn(6, 5)), torch.zeros(6, 3))
