"""Sobolev keeps the laws that every regularizer must keep, is found by its name, and does what it says of itself."""

import math
from collections.abc import Callable

import pytest
import torch
from detente import Batch, Game, Player, Ramp, annealed
from detente.engine.objectives import NonSaturating, Wasserstein
from detente.plugins import host
from detente.pytest_plugin import laws_of
from detente.toys.linear import DiracData, DiracDomain, Point

from detente_sobolev.regularizer import Sobolev


def strict() -> Sobolev:
    """The slopes of the toys are small: with the bound of 1 it has nothing to do in most of them."""
    return Sobolev(rho=0.1, bound=0.01)


@laws_of(strict)
def test_laws(law: Callable[[], None]) -> None:
    law()


def test_recipes_find_it_by_its_name() -> None:
    assert host().load("regularizer", "sobolev") is Sobolev


def game(regularizer, objective=None, lr: float = 0.1) -> Game:
    """The Dirac GAN: D(x) = ψ x and G(z) = θ, so that Ω = ψ²."""
    model, data = Point(), DiracData()
    G, D = model.build(data.space)
    sgd = lambda parameters: torch.optim.SGD(parameters, lr=lr)  # noqa: E731
    players = Player("generator", G, sgd), Player("discriminator", D, sgd, regularizer)
    return Game(*players, objective or NonSaturating(), DiracDomain(), model.latents)


def psi(played: Game) -> float:
    return played.discriminator.network.psi.weight.item()


def play(played: Game, steps: int) -> Game:
    for _ in range(steps):
        played.step(Batch(torch.zeros(8, 1)))
    return played


def test_after_two_updates_multiplier_and_strength_are_what_the_equations_say() -> None:
    one = Sobolev(rho=0.4, bound=0.1, warm_up=4)
    played = game(one)
    seen = []
    for _ in range(2):
        seen.append(psi(played) ** 2)  # Ω of the coming update
        play(played, 1)
    assert min(seen) > 0.1
    # ρ is 0.1 at the first update and a quarter of the way from there to 0.4 at the second.
    assert one.multiplier.item() == pytest.approx(0.1 * (seen[0] - 0.1) + 0.175 * (seen[1] - 0.1), rel=1e-5)
    assert one.strength.item() == pytest.approx(0.25)
    play(played, 10)
    assert one.strength.item() == pytest.approx(0.4), "the warm-up is over"


@pytest.mark.parametrize("bound", [0.25, 1.0, 4.0])
def test_the_slope_ends_at_its_bound_where_the_generator_stands_still(bound: float) -> None:
    played = game(Sobolev(rho=0.5, bound=bound, warm_up=10), Wasserstein(), lr=0.05)
    played.generator.optimizer.param_groups[0]["lr"] = 0.0
    play(played, 2000)
    assert psi(played) ** 2 == pytest.approx(bound, rel=1e-3)


def test_a_critic_below_the_bound_is_left_alone() -> None:
    one = Sobolev(bound=100.0)
    assert psi(play(game(one), 10)) == psi(play(game(None), 10))
    assert one.multiplier.item() == 0


def test_the_multiplier_goes_on_where_it_was_after_a_checkpoint() -> None:
    through, first, second = (game(Sobolev(rho=0.4, bound=0.1)) for _ in range(3))
    second.load_state_dict(play(first, 7).state_dict())
    assert psi(play(second, 5)) == psi(play(through, 12))


def test_a_rho_that_is_annealed_to_nothing_leaves_the_multiplier_at_work() -> None:
    one = Sobolev(rho=0.4, bound=0.1, warm_up=1)
    played = play(game(annealed(one, rho=Ramp(0.4, 0.0, 5))), 10)
    kept = one.multiplier.item()
    assert kept > 0 and one.strength.item() == 0
    before = psi(played)
    play(played, 1)
    assert math.isfinite(psi(played)) and psi(played) != before
    assert one.multiplier.item() == kept
