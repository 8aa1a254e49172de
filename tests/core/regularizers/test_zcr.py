import pytest
import torch

from detente.regularizers.zcr import ZCR, LatentSpread
from detente.testing.probe import Linear, Matrix, probe, value

F64 = torch.float64
W = torch.tensor([1.0, 2.0], dtype=F64)
A = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]], dtype=F64)
Z = torch.randn(20_000, 3, dtype=F64, generator=torch.Generator().manual_seed(0))
REAL = torch.zeros(20_000, 2, dtype=F64)


def step_in(turn, generator):
    return probe(Linear(W), REAL, generator=generator, z=Z, turn=turn)


def test_on_a_linear_game_the_critic_pays_the_squared_slope_along_the_latents():
    got = value(ZCR(weight=2.0, std=0.1), step_in("discriminator", Matrix(A))).item()
    # a χ² mean over 20 000 draws: relative deviation √(2/20000) = 1 %, four of them
    assert got == pytest.approx(2 * 0.01 * (A.T @ W).square().sum().item(), rel=0.04)


def test_on_a_linear_game_the_generator_earns_the_squared_norm_of_its_matrix():
    got = value(LatentSpread(weight=2.0, std=0.1), step_in("generator", Matrix(A))).item()
    assert got == pytest.approx(-2 * 0.01 * A.square().sum().item(), rel=0.04)


def test_halving_the_step_quarters_both_exactly():
    """The same draws, scaled."""
    for kind, turn in ((ZCR, "discriminator"), (LatentSpread, "generator")):
        # powers of two; the differences G(z + Δz) − G(z) round
        a, b = (value(kind(std=std), step_in(turn, Matrix(A))).item() for std in (0.25, 0.125))
        assert a == pytest.approx(4 * b, rel=1e-12)


def test_the_discriminators_half_reaches_no_generator_and_the_generators_half_no_discriminator():
    generator = Matrix(A)
    step = step_in("discriminator", generator)
    value(ZCR(), step).backward()
    assert generator.A.grad is None
    step = step_in("generator", generator)
    value(LatentSpread(), step).backward()
    assert step.discriminator.get_parameter("w").grad is None
