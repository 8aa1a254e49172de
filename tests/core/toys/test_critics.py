"""Waves, and three critics of them whose logits have three shapes."""

import torch

from detente.engine.sample import leaves
from detente.toys.critics import shift
from toy_parts import logits, parts, rng


def test_the_three_critics_have_logits_of_three_shapes() -> None:
    toy = parts("critics")
    assert [tuple(part.shape) for part in logits(toy.networks, toy.data.batch(torch.arange(5)).x)] == [
        (5,),
        (5, 16),
        (5, 4, 4),
    ]


def test_a_shift_moves_each_wave_along_its_circle_by_places_of_its_own() -> None:
    x = parts("critics").data.batch(torch.arange(64)).x
    moved, wave = leaves(shift(x, rng()))[0], leaves(x)[0]
    by = torch.tensor(
        [[torch.equal(m, w.roll(places, -1)) for places in range(16)] for m, w in zip(moved, wave, strict=True)]
    )
    assert by.any(dim=1).all() and len(by.int().argmax(dim=1).unique()) > 8


def test_every_wave_has_one_frequency_and_the_amplitude_one() -> None:
    waves = leaves(parts("critics").data.batch(torch.arange(100)).x)[0][:, 0].double()
    power = torch.fft.rfft(waves).abs() / 8  # of a sine over 16 samples: 1 at its frequency, 0 elsewhere
    top = power.max(dim=1)
    torch.testing.assert_close(top.values, torch.ones(100, dtype=torch.float64), atol=1e-6, rtol=0)
    assert (power.sum(dim=1) - 1).abs().max() < 1e-5
    assert set(top.indices.tolist()) == {1, 2, 3}


def test_each_critic_looks_at_its_own_part_of_the_wave() -> None:
    """A local logit depends on five places around it, a periodic one on its column, the first one on everything."""
    critic = parts("critics").networks.discriminator
    x = leaves(parts("critics").data.batch(torch.arange(1)).x)[0].requires_grad_()
    whole, local, periodic = critic(x)

    def places(logit: torch.Tensor) -> list[int]:
        (grad,) = torch.autograd.grad(logit, x, retain_graph=True)
        return grad[0, 0].nonzero()[:, 0].tolist()

    assert places(whole[0]) == list(range(16))
    assert places(local[0, 7]) == [5, 6, 7, 8, 9] and places(local[0, 0]) == [0, 1, 2]
    assert places(periodic[0, 1, 2]) == [2, 6, 10] and places(periodic[0, 0, 3]) == [3, 7]
