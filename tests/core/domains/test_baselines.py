"""Simple models of the data: a Gaussian has the moments of what it fits."""

import pytest
import torch

from detente.domains.baselines import gaussian_like


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_draws_have_the_mean_and_the_covariance_of_the_data() -> None:
    mixing = torch.tensor([[0.1, 0.05, 0.0], [0.0, 0.08, 0.0]])  # the third coordinate never varies
    x = torch.randn(500, 2, generator=rng()) @ mixing + torch.tensor([0.2, -0.1, 0.3])
    drawn = gaussian_like(x, 40_000, rng(1))
    # Standard errors of 40,000 draws: 0.0005 of a mean of deviation 0.1, 0.00007 of a variance of 0.01.
    assert (drawn.mean(0) - x.mean(0)).abs().max() < 0.002
    assert (torch.cov(drawn.T) - torch.cov(x.T)).abs().max() < 0.0003
    assert drawn[:, 2].std() < 1e-6


@pytest.mark.parametrize("shape", [(7,), (3, 4), (1, 2, 2)])
def test_draws_are_shaped_as_samples_and_follow_their_generator(shape: tuple[int, ...]) -> None:
    x = torch.rand(20, *shape, generator=rng())
    first, second, other = gaussian_like(x, 5, rng()), gaussian_like(x, 5, rng()), gaussian_like(x, 5, rng(1))
    assert first.shape == (5, *shape) and first.dtype == x.dtype
    assert torch.equal(first, second) and not torch.equal(first, other)


def test_nothing_leaves_the_range_of_encoded_data() -> None:
    x = torch.tensor([[-1.0, 1.0], [1.0, -1.0]])
    drawn = gaussian_like(x, 1000, rng())
    assert drawn.min() == -1 and drawn.max() == 1
    torch.testing.assert_close(drawn[:, 0], -drawn[:, 1])  # as in the data


def test_of_one_sample_there_is_only_itself() -> None:
    x = torch.tensor([[0.5, -0.25]])
    assert torch.equal(gaussian_like(x, 3, rng()), x.expand(3, 2))
