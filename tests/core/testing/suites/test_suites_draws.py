"""Draws from global generators are found, wherever they are made; draws from one's own are none."""

import random

import numpy
import pytest
import torch

from detente.testing import Broken
from detente.testing.suites.draws import drawing_nothing, seeded


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.rand(3),
        lambda: torch.zeros(3).normal_(),
        lambda: torch.randperm(5),
        lambda: torch.nn.functional.dropout(torch.ones(4), 0.5),
        lambda: torch.bernoulli(torch.full((3,), 0.5)),
        lambda: random.random(),
        lambda: numpy.random.rand(),  # noqa: NPY002
        lambda: torch.manual_seed(3),
        lambda: random.seed(1),
    ],
)
def test_a_global_draw_or_seed_is_broken(draw):
    seeded(0)
    with pytest.raises(Broken, match=r"it.*do otherwise"), drawing_nothing("it", "do otherwise"):
        draw()


@pytest.mark.parametrize("draw", [lambda: torch.rand(3), lambda: torch.zeros(3).normal_(), lambda: torch.randperm(5)])
def test_a_draw_after_a_network_was_called_is_found_though_that_seeds_the_generator(draw):
    def called() -> None:
        torch.manual_seed(3)
        draw()

    with pytest.raises(Broken, match="do otherwise"), drawing_nothing("it", "do otherwise", calls_networks=True):
        called()
    with drawing_nothing("it", "do otherwise", calls_networks=True):
        torch.manual_seed(3)


def test_what_is_put_back_is_no_harm():
    with drawing_nothing("it", "do otherwise"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.rand(3)


def test_own_generators_are_nobody_s_business():
    with drawing_nothing("it", "do otherwise"):
        torch.rand(3, generator=torch.Generator().manual_seed(0))
        torch.randperm(4, generator=torch.Generator().manual_seed(0))
        random.Random(0).random()
        numpy.random.default_rng(0).random()
