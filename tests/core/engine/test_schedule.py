"""Ramps have the values that their formulas say, and an optimizer has them at the update that they name."""

import copy
import math

import pytest
import torch
from torch import nn

from detente.engine.combinators import annealed
from detente.engine.game import Game
from detente.engine.player import Player
from detente.engine.schedule import Ramp, Scheduled
from detente.engine.streams import Stream
from detente.errors import UsageError
from detente.regularizers import R1, WeightDecay
from detente.testing import cases
from detente.testing.probe import Plain, moment

(RING,) = cases(["ring"])


@pytest.mark.parametrize(
    ("ramp", "values"),
    [
        (Ramp(2.0, 0.0, 4), [2.0, 1.5, 1.0, 0.5, 0.0, 0.0]),
        (Ramp(2.0, 0.0, 4, "cosine"), [2.0, 1 + math.sqrt(0.5), 1.0, 1 - math.sqrt(0.5), 0.0, 0.0]),
        (Ramp(1e-2, 1e-4, 2, "exponential"), [1e-2, 1e-3, 1e-4, 1e-4]),
        (Ramp(-1.0, -8.0, 3, "exponential"), [-1.0, -2.0, -4.0, -8.0]),
        (Ramp(0.9, 0.99, 1, "cosine"), [0.9, 0.99]),
    ],
)
def test_a_ramp_has_the_values_of_its_formula(ramp: Ramp, values: list[float]) -> None:
    assert [ramp.at(t) for t in range(len(values))] == pytest.approx(values, rel=1e-14, abs=1e-16)
    assert ramp.at(10**9) == ramp.end


def test_a_cosine_is_torchs_own() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
    torchs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=17, eta_min=0.02)
    ours, seen = Ramp(0.3, 0.02, 17, "cosine"), []
    for _ in range(18):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        torchs.step()
    assert [ours.at(t) for t in range(18)] == pytest.approx(seen, rel=1e-12)


@pytest.mark.parametrize(
    ("start", "end", "shape", "said"),
    [
        (1.0, 0.0, "exponential", "cannot go from 1 to 0"),
        (-1.0, 1.0, "exponential", "cannot go from -1 to 1"),
        (1.0, 0.0, "cosin", "Did you mean 'cosine'"),
    ],
)
def test_a_ramp_that_has_no_values_is_refused(start: float, end: float, shape: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Ramp(start, end, 5, shape)


class Line(nn.Module):
    """One weight."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1, dtype=torch.float64))


def moved(schedules: dict[str, Ramp], steps: int) -> list[float]:
    """The weight after each step against a gradient of −1: the sum of the learning rates so far."""
    network = Line()
    player = Player("generator", network, lambda ps: torch.optim.SGD(ps, lr=9.0), None, schedules)
    out = []
    for t in range(steps):
        network.w.grad = -torch.ones_like(network.w)
        player.update(moment(t), player.optimizer.step)
        out.append(network.w.item())
    return out


def test_each_update_is_made_with_the_learning_rate_of_that_update() -> None:
    assert moved({"lr": Ramp(4.0, 1.0, 3)}, 5) == [4.0, 7.0, 9.0, 10.0, 11.0]


def test_numbers_inside_a_tuple_have_schedules_too() -> None:
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=1.0, betas=(0.5, 0.9))
    scheduled = Scheduled(optimizer, {"betas.1": Ramp(0.9, 0.99, 2), "eps": Ramp(1e-4, 1e-8, 2, "exponential")})
    for t, beta, eps in ((0, 0.9, 1e-4), (1, 0.945, 1e-6), (2, 0.99, 1e-8)):
        scheduled.set(t)
        group = optimizer.param_groups[0]
        assert group["betas"] == pytest.approx((0.5, beta)) and group["eps"] == pytest.approx(eps)


@pytest.mark.parametrize("name", ["rate", "betas", "betas.2", "lr.0", "params"])
def test_a_number_that_the_optimizer_does_not_have_is_refused(name: str) -> None:
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))])
    with pytest.raises(UsageError, match=f"^{name} cannot have a schedule: Adam keeps no such number"):
        Scheduled(optimizer, {name: Ramp(1.0, 0.5, 2)})


def test_weight_decay_shrinks_by_the_learning_rate_of_the_update() -> None:
    network = Line()
    with torch.no_grad():
        network.w.fill_(1.0)
    decay = WeightDecay(weight=0.5, where="w")
    make = lambda ps: torch.optim.SGD(ps, lr=9.0)  # noqa: E731
    player = Player("discriminator", network, make, decay, {"lr": Ramp(0.4, 0.2, 1)})
    expected = 1.0
    for t, lr in enumerate((0.4, 0.2, 0.2)):
        network.w.grad = torch.zeros_like(network.w)
        player.update(player.moment(Stream(0).at(t), Plain()), player.optimizer.step)
        expected *= 1 - lr * 0.5
        assert network.w.item() == pytest.approx(expected, rel=1e-15)


def ramped(updates: int) -> Game:
    game = RING.game("discriminator", annealed(R1(), gamma=Ramp(2.0, 0.1, updates, "cosine")))
    game.discriminator._scheduled = Scheduled(game.discriminator.optimizer, {"lr": Ramp(1e-2, 1e-4, updates, "cosine")})
    game.discriminator._scheduled.set(0)
    return game


def test_a_run_that_is_continued_has_the_weights_of_one_that_was_not() -> None:
    whole, first, second = ramped(6), ramped(6), ramped(6)
    for k in range(5):
        whole.step(RING.batch(k))
    for k in range(2):
        first.step(RING.batch(k))
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for k in range(2, 5):
        second.step(RING.batch(k))
    pairs = zip(whole.discriminator.parameters, second.discriminator.parameters, strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert whole.discriminator.lr == second.discriminator.lr == Ramp(1e-2, 1e-4, 6, "cosine").at(5)
