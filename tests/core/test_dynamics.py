"""The engine plays games that are with a closed-form solution, in float64, and lands on the solution.

Convention: logits are high for real data. With G = θ, D(x) = ψx, data at 0 and the Wasserstein objective the losses are
L_D = E D(x̃) − E D(x) = ψθ and L_G = −ψθ, so with step h and z = (θ, ψ)

    simultaneous   θ' = θ + hψ,  ψ' = ψ − hθ          G first   θ' = θ + hψ,  ψ' = ψ − hθ'

These are the matrices of the literature, where D is high for fakes, with the sign of ψ turned around.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from detente.domains.contracts import Domain, Model
from detente.engine.game import Game
from detente.engine.objectives import NonSaturating, Objective, Saturating, Wasserstein
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Batch
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.toys.linear import (
    BilinearData,
    BilinearDomain,
    DiracDomain,
    LinearQuadratic,
    LinearQuadraticData,
    LinearQuadraticDomain,
    Point,
)
from detente.toys.mixture import MLP, RingData, RingDomain
from detente.training.warmup import fresh as build

H, STEPS = 0.1, 300
START = np.array([1.0, 0.5])  # θ, ψ
# 300 updates of two numbers each round to half an ulp, 2.2e-16 of the norm at worst: 1.4e-13 in all.
EXACT = 1e-12


def sgd(h: float) -> Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]:
    return lambda parameters: torch.optim.SGD(parameters, lr=h)


def dirac(
    d: Regularizer | None = None,
    g: Regularizer | None = None,
    objective: Objective | None = None,
    h: float = H,
    **order: Any,
) -> Game:
    return play(Point(), DiracDomain(), torch.zeros(1, 1), d, g, objective, h, **order)


def play(
    model: Model,
    domain: Domain,
    real: Tensor,
    d: Regularizer | None = None,
    g: Regularizer | None = None,
    objective: Objective | None = None,
    h: float = H,
    **order: Any,
) -> Game:
    space = BilinearData(real.shape[1], 1).space
    generator, discriminator = (net.double() for net in build(model, space, seed=0))
    return Game(
        Player("generator", generator, sgd(h), g),
        Player("discriminator", discriminator, sgd(h), d),
        objective or Wasserstein(),
        domain,
        model.latents,
        **order,
    )


def only(order: str) -> dict[str, Any]:
    return {order: True}


def put(game: Game, z: np.ndarray) -> None:
    with torch.no_grad():
        for player, value in zip((game.generator, game.discriminator), z, strict=True):
            player.parameters[0].fill_(value)


def state(game: Game) -> np.ndarray:
    return np.array([player.parameters[0].item() for player in (game.generator, game.discriminator)])


def advance(game: Game) -> np.ndarray:
    batch = Batch(torch.zeros(4, 1, dtype=torch.float64))
    game.step(*[batch] * game.critic_steps)
    return state(game)


def trajectory(game: Game, steps: int = STEPS) -> np.ndarray:
    """θ and ψ after 0, 1, …, `steps` rounds, [steps + 1, 2]."""
    put(game, START)
    return np.stack([START, *(advance(game) for _ in range(steps))])


def powers(matrix: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """M^k z₀ for k = 0 … steps, in extended precision."""
    m, z = matrix.astype(np.longdouble), START.astype(np.longdouble)
    out = [z]
    for _ in range(steps):
        out.append(m @ out[-1])
    return np.stack(out)


def deviation(got: np.ndarray, expected: np.ndarray) -> float:
    """The largest distance between two trajectories, relative to how far the expected one is from 0 at that time."""
    return float(
        np.max(np.linalg.norm((got - expected).astype(float), axis=1) / np.linalg.norm(expected.astype(float), axis=1))
    )


def test_simultaneous_updates_spiral_outwards_as_1_plus_h_squared_to_the_k_half() -> None:
    k = np.arange(STEPS + 1)
    angle, growth = k * np.arctan(H), (1 + H**2) ** (k / 2)
    theta, psi = START
    expected = growth[:, None] * np.stack(
        [np.cos(angle) * theta + np.sin(angle) * psi, np.cos(angle) * psi - np.sin(angle) * theta], axis=1
    )
    assert deviation(trajectory(dirac(simultaneous=True)), expected) < EXACT


def test_generator_first_follows_its_matrix() -> None:
    assert deviation(trajectory(dirac(generator_first=True)), powers(np.array([[1, H], [-H, 1 - H**2]]))) < EXACT


def test_discriminator_first_follows_its_matrix() -> None:
    assert deviation(trajectory(dirac()), powers(np.array([[1 - H**2, H], [-H, 1]]))) < EXACT


@pytest.mark.parametrize(("generator_first", "sign"), [(True, 1), (False, -1)])
def test_alternating_updates_stay_on_an_ellipse(generator_first: bool, sign: int) -> None:
    theta, psi = trajectory(dirac(generator_first=generator_first)).T
    invariant = theta**2 + psi**2 + sign * H * theta * psi
    assert np.max(np.abs(invariant / invariant[0] - 1)) < EXACT


def test_every_coordinate_of_the_bilinear_game_is_a_dirac_game() -> None:
    game = play(Point(theta=1.0, psi=0.5), BilinearDomain(), torch.zeros(1, 3), generator_first=True)
    for _ in range(STEPS):
        game.step(Batch(torch.zeros(4, 3, dtype=torch.float64)))
    end = powers(np.array([[1, H], [-H, 1 - H**2]]))[-1].astype(float)
    for player, value in zip((game.generator, game.discriminator), end, strict=True):
        np.testing.assert_allclose(
            player.parameters[0].detach().flatten(), value, atol=EXACT * float(np.linalg.norm(end))
        )


@pytest.mark.parametrize("gamma", [0.1, 1.0, 10.0])
def test_r1_follows_its_matrix(gamma: float) -> None:
    damped = 1 - H * gamma
    matrices = {
        "simultaneous": np.array([[1, H], [-H, damped]]),
        "generator_first": np.array([[1, H], [-H, damped - H**2]]),
        "fresh_fakes": np.array([[1 - H**2, H * damped], [-H, damped]]),  # D first, as by default
    }
    for order, matrix in matrices.items():
        assert deviation(trajectory(dirac(R1(gamma), **only(order))), powers(matrix)) < EXACT, order


@pytest.mark.slow
@pytest.mark.parametrize("h", [0.1, 0.5])
def test_alternating_r1_converges_iff_gamma_is_below_its_bound(h: float) -> None:
    bound = (4 - h**2) / (2 * h)
    for gamma, converges in ((0.02 * bound, True), (0.98 * bound, True), (1.02 * bound, False), (0.0, False)):
        norm = np.linalg.norm(trajectory(dirac(R1(gamma), h=h, generator_first=True)), axis=1)
        # The slowest mode that converges shrinks to a quarter; without damping the ellipse comes around unchanged.
        assert (norm[-50:].max() < 0.5 * norm[:50].max()) == converges, gamma


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_k_critic_steps_are_a_geometric_sum(k: int, gamma: float) -> None:
    q = 1 - H * gamma
    pull = H * sum(q**i for i in range(k))  # ψ after k steps against a resting θ: q^k ψ − pull·θ
    first = np.array([[1, 0], [-pull, q**k]])
    then = np.array([[1, H], [0, 1]])
    # 300 updates in all.
    steps = STEPS // (k + 1)
    for generator_first, matrix in ((False, then @ first), (True, first @ then)):
        game = dirac(R1(gamma), critic_steps=k, generator_first=generator_first)
        assert deviation(trajectory(game, steps), powers(matrix, steps)) < EXACT


@pytest.mark.parametrize("order", ["simultaneous", "generator_first", "fresh_fakes"])
def test_l2_on_d_is_r1_with_gamma_two_lambda_on_dirac(order: str) -> None:
    by_l2 = trajectory(dirac(L2(0.7), **only(order)))
    by_r1 = trajectory(dirac(R1(1.4), **only(order)))
    assert deviation(by_l2, by_r1) < EXACT


@pytest.mark.parametrize("players", ["d", "g", "dg"])
def test_l2_damps_the_player_it_sits_on(players: str) -> None:
    weight = 0.3
    on_g, on_d = (1 - 2 * H * weight if p in players else 1.0 for p in "gd")
    game = dirac(L2(weight) if "d" in players else None, L2(weight) if "g" in players else None, simultaneous=True)
    assert deviation(trajectory(game), powers(np.array([[on_g, H], [-H, on_d]]))) < EXACT


def linear_quadratic_gradient(d: Regularizer) -> Tensor:
    """(∂/∂w₁, ∂/∂w₂) of what `d` adds to the discriminator's loss, from one update with and one without it."""
    real = LinearQuadraticData(size=2000).batch(torch.arange(2000)).x
    assert isinstance(real, Tensor)
    batch = Batch(real.double())
    ends = []
    for regularizer in (d, None):
        game = play(LinearQuadratic(), LinearQuadraticDomain(), torch.zeros(1, 1), regularizer, h=1.0)
        game.step(batch)
        ends.append(game.discriminator.parameters[0].detach()[0])
    return ends[1] - ends[0]


def test_l2_on_d_and_r1_differ_on_the_linear_quadratic_game() -> None:
    w = torch.tensor([1.0, 0.5], dtype=torch.float64)
    # γ/2 E(w₁ + 2w₂x)² = γ/2 (w₁² + 4w₂²), as E x = 0 and E x² = 1 up to the float32 rounding of the data.
    torch.testing.assert_close(linear_quadratic_gradient(R1(1.4)), 1.4 * w * torch.tensor([1, 4]), atol=1e-6, rtol=0)
    # Two updates that differ by about 1 were subtracted.
    torch.testing.assert_close(linear_quadratic_gradient(L2(0.7)), 1.4 * w, atol=1e-14, rtol=0)


@pytest.mark.parametrize("objective", [NonSaturating(), Saturating()], ids=lambda o: type(o).__name__)
def test_logistic_losses_turn_around_the_equilibrium_with_eigenvalues_plus_and_minus_i_half(
    objective: Objective,
) -> None:
    # Central differences of a map that is odd around 0: the error is that of its cubic term, about ε² = 1e-8.
    eps, h = 1e-4, 0.25
    for order, expected in {
        "simultaneous": np.array([[1, h / 2], [-h / 2, 1]]),
        "generator_first": np.array([[1, h / 2], [-h / 2, 1 - h**2 / 4]]),
        "fresh_fakes": np.array([[1 - h**2 / 4, h / 2], [-h / 2, 1]]),
    }.items():
        game = dirac(objective=objective, h=h, **only(order))
        columns = []
        for axis in np.eye(2):
            ends = []
            for sign in (1, -1):
                put(game, sign * eps * axis)
                ends.append(advance(game))
            columns.append((ends[0] - ends[1]) / (2 * eps))
        jacobian = np.stack(columns, axis=1)
        np.testing.assert_allclose(jacobian, expected, atol=1e-8, err_msg=order)
        if order == "simultaneous":
            flow = np.linalg.eigvals((jacobian - np.eye(2)) / h)
            np.testing.assert_allclose(flow[np.argsort(flow.imag)], [-0.5j, 0.5j], atol=1e-7)


ORDERS: list[dict[str, Any]] = [
    {"simultaneous": True},
    {"generator_first": True},
    {"generator_first": True, "critic_steps": 3},
    {},
    {"fresh_fakes": True},
    {"critic_steps": 3},
    {"critic_steps": 3, "fresh_fakes": True},
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "+".join(order) or "default")
def test_no_order_of_updates_differentiates_through_weights_that_have_moved(order: dict[str, Any]) -> None:
    # foreach updates bump tensor versions, which fused ones do not: autograd raises on a stale graph.
    data, model = RingData(size=64), MLP(width=8)
    for optimizer, penalty in itertools.product((torch.optim.SGD, torch.optim.Adam), (None, R1())):
        generator, discriminator = build(model, data.space, seed=0)
        game = Game(
            Player("generator", generator, lambda p, o=optimizer: o(p, lr=1e-3, foreach=True)),
            Player("discriminator", discriminator, lambda p, o=optimizer: o(p, lr=1e-3, foreach=True), penalty),
            NonSaturating(),
            RingDomain(),
            model.latents,
            **order,
        )
        for _ in range(3):
            game.step(*[data.batch(torch.arange(32))] * game.critic_steps)
        assert all(torch.isfinite(value) for value in game.terms().values())
