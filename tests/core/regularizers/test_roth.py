import math

import pytest
import torch

from detente.regularizers.r1 import R1
from detente.regularizers.roth import Roth
from detente.testing.probe import Linear, probe, value

F64 = torch.float64


def on_dirac(psi: float, theta: float, gamma: float = 2.0) -> float:
    step = probe(
        Linear(torch.tensor([psi], dtype=F64)), torch.zeros(3, 1, dtype=F64), torch.full((3, 1), theta, dtype=F64)
    )
    return value(Roth(gamma=gamma), step).item()


def test_on_dirac_the_real_side_weighs_a_quarter_and_the_fake_side_what_the_critic_believes():
    believed = 1 / (1 + math.exp(-0.7 * 2.0))
    assert on_dirac(0.7, 2.0) == pytest.approx(0.7**2 * (0.25 + believed**2), rel=1e-15)


def test_where_the_players_have_met_it_is_r1_of_half_the_gamma():
    step = probe(Linear(torch.tensor([0.7], dtype=F64)), torch.zeros(3, 1, dtype=F64), torch.zeros(3, 1, dtype=F64))
    assert value(Roth(gamma=2.0), step).item() == pytest.approx(value(R1(gamma=1.0), step).item(), rel=1e-15)


def test_a_critic_that_is_sure_and_right_pays_nothing():
    w = torch.tensor([1.0], dtype=F64)
    step = probe(Linear(w), torch.full((2, 1), 800.0, dtype=F64), torch.full((2, 1), -800.0, dtype=F64))
    assert value(Roth(gamma=1.0), step).item() == 0.0


def test_a_critic_that_is_sure_and_wrong_pays_for_both_sides_in_full():
    w = torch.tensor([3.0], dtype=F64)
    step = probe(Linear(w), torch.full((2, 1), -800.0, dtype=F64), torch.full((2, 1), 800.0, dtype=F64))
    assert value(Roth(gamma=1.0), step).item() == 9.0


def test_it_asks_for_an_objective_whose_logits_are_log_odds():
    assert Roth.needs == ("softplus",)
