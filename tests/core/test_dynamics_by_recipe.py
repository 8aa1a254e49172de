"""The closed forms of Dirac-GAN once more, from recipes: what a user types is what the theory says.

As in test_dynamics, L_D = ψθ and L_G = −ψθ with the Wasserstein objective, z = (θ, ψ).
"""

import numpy as np
import pytest
import torch

from detente import recipe as recipes

H, STEPS = 0.1, 300
EXACT = 1e-12  # relative to ‖z‖, as there


def trajectory(regs: list[str], *sets: str) -> np.ndarray:
    """z after each step, [STEPS + 1, 2]."""
    fixed = ["precision=fp64", "device=cpu", "objective=wasserstein", "batch=4", "model.theta=1.0", "model.psi=0.5"]
    optimizers = [f"{side}.optimizer={{name: sgd, lr: {H}, momentum: 0}}" for side in ("generator", "discriminator")]
    built = recipes.build(recipes.load(domain="dirac", regs=regs, sets=[*fixed, *optimizers, *sets]))
    game = built.game
    batch = built.prepare(built.data.batch(torch.arange(4)))

    def z() -> list[float]:
        return [next(player.network.parameters()).item() for player in (game.generator, game.discriminator)]

    path = [z()]
    for _ in range(STEPS):
        game.step(batch)
        path.append(z())
    return np.array(path)


def agrees(path: np.ndarray, M: np.ndarray) -> bool:
    want = [np.linalg.matrix_power(M, k) @ path[0] for k in range(STEPS + 1)]
    return all(np.linalg.norm(a - b) <= EXACT * np.linalg.norm(b) for a, b in zip(path, want, strict=True))


def test_the_recipe_starts_where_it_says():
    assert trajectory([])[0].tolist() == [1.0, 0.5]


def test_simultaneous_play_is_a_growing_rotation():
    path = trajectory([], "simultaneous=true")
    assert agrees(path, np.array([[1, H], [-H, 1]]))
    growth = np.linalg.norm(path, axis=1) / np.linalg.norm(path[0])
    assert np.allclose(growth, (1 + H**2) ** (np.arange(STEPS + 1) / 2), rtol=EXACT)
    angle = np.arctan2(path[1, 1], path[1, 0]) - np.arctan2(path[0, 1], path[0, 0])
    assert abs(abs(angle) - np.arctan(H)) < EXACT


def test_alternating_play_with_the_generator_first_keeps_its_invariant():
    path = trajectory([], "generator_first=true")
    assert agrees(path, np.array([[1, H], [-H, 1 - H**2]]))
    theta, psi = path.T
    kept = theta**2 + psi**2 + H * theta * psi  # with ψ of the other sign it is θ² + ψ² − hθψ
    assert np.allclose(kept, kept[0], rtol=EXACT)


@pytest.mark.parametrize("gamma", [0.1, 1.0, 10.0])
def test_alternating_play_with_r1(gamma):
    path = trajectory([f"r1(gamma={gamma})"], "generator_first=true")
    assert agrees(path, np.array([[1, H], [-H, 1 - H * gamma - H**2]]))
    assert np.linalg.norm(path[-1]) < np.linalg.norm(path[0])  # 0 < γ < (4 − h²)/(2h) = 19.95


def test_by_default_the_discriminator_moves_first():
    """ψ' = ψ − hθ, and only then θ' = θ + hψ'."""
    assert agrees(trajectory([]), np.array([[1 - H**2, H], [-H, 1]]))


def test_l2_of_half_gamma_is_r1_of_gamma():
    a, b = trajectory(["r1(gamma=0.6)"]), trajectory(["d:l2(weight=0.3)"])
    assert np.allclose(a, b, rtol=0, atol=EXACT)
