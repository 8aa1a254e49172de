"""What a Fréchet distance of few samples is worth, and its extrapolation: of Gaussians, whose distance is known."""

import math

import pytest
import torch

from detente.domains.metrics import extrapolated_frechet, frechet_distance
from detente.engine.streams import Stream

D = 64
VARIANCE = 4 * torch.linspace(0, 3, D).neg().exp().double()


def draw(n: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    draws = torch.Generator().manual_seed(seed)
    x = torch.randn(n, D, generator=draws, dtype=torch.float64) * scale + shift
    return x * VARIANCE.sqrt()


def true_distance(shift: float, scale: float) -> float:
    """‖μ₁ − μ₂‖² + tr((Σ₁^½ − Σ₂^½)²)."""
    return (shift**2 + (1 - scale) ** 2) * VARIANCE.sum().item()


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.5, 1.0), (0.25, 0.8)])
def test_the_extrapolation_is_near_the_distance_of_infinitely_many(shift, scale):
    n, repeats = 200, 12
    pairs = [(draw(n, 2 * i, shift, scale), draw(n, 2 * i + 1)) for i in range(repeats)]
    found = [(extrapolated_frechet(x, y, Stream(i)), frechet_distance(x, y)) for i, (x, y) in enumerate(pairs)]
    extrapolated, plain = (sum(column) / repeats for column in zip(*found, strict=True))
    true = true_distance(shift, scale)
    assert abs(extrapolated - true) < 0.35 * abs(plain - true)  # most of the bias is gone
    assert plain > true + 5  # and there was much of it


def test_among_few_samples_a_generator_that_varies_too_little_wins_only_the_plain_distance():
    assert true_distance(0.25, 1.0) < true_distance(0.0, 0.7)
    right = {"plain": 0, "extrapolated": 0}
    for i in range(20):
        reference, shifted, narrow = draw(112, 3 * i), draw(112, 3 * i + 1, 0.25), draw(112, 3 * i + 2, scale=0.7)
        right["plain"] += frechet_distance(shifted, reference) < frechet_distance(narrow, reference)
        ranked = [extrapolated_frechet(x, reference, Stream(i)) for x in (shifted, narrow)]
        right["extrapolated"] += ranked[0] < ranked[1]
    assert right["plain"] <= 3 and right["extrapolated"] >= 15


def test_too_few_are_not_measured():
    assert math.isnan(extrapolated_frechet(draw(3, 0), draw(50, 1), Stream(0)))
