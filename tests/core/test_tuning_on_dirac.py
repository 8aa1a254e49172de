"""Searches where the best coefficient is known on paper."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from detente import recipe
from detente.experiments.search import GridSearch, RandomSearch, Search, TreeParzen
from detente.experiments.search.space import Reals
from detente.recipe.keys import put
from detente.results.search import best

GAMMA = "discriminator.regularizers.r1.gamma"
H = 0.2
BEST = 2 - H
"""On Dirac with the discriminator first, ψ' = (1 − hγ)ψ − hθ and θ' = θ + hψ': trace 2 − hγ − h², determinant 1 − hγ.

The eigenvalues meet where h²((γ + h)² − 4) = 0, so at γ* = 2 − h. Below it both have the modulus √(1 − hγ), above it
the slower one grows again, so there the iteration contracts fastest.
"""
MOST = 200


def steps_on_paper(gamma: float) -> int:
    """Steps until ‖z‖ < 1e-6 from z = (1, 1), `MOST` where it takes longer."""
    theta = psi = 1.0
    for step in range(MOST):
        if math.hypot(theta, psi) < 1e-6:
            return step
        psi = (1 - H * gamma) * psi - H * theta
        theta = theta + H * psi
    return MOST


class Played:
    """Steps until ‖z‖ < 1e-6 in the engine's own game, in float64."""

    def __init__(self) -> None:
        fixed = ["precision=fp64", "device=cpu", "objective=wasserstein", "batch=1"]
        fixed += [f"{side}.optimizer={{name: sgd, lr: {H}}}" for side in ("generator", "discriminator")]
        self.plain = recipe.load(domain="dirac", regs=["r1"], sets=fixed).plain()
        self.known: dict[float, int] = {}

    def __call__(self, gamma: float) -> int:
        if gamma not in self.known:
            self.known[gamma] = self._play(gamma)
        return self.known[gamma]

    def _play(self, gamma: float) -> int:
        built = recipe.build(recipe.Recipe.model_validate(put(self.plain, {GAMMA: gamma})))
        batch = built.prepare(built.data.batch(torch.arange(1)))
        z = [player.parameters[0] for player in (built.game.generator, built.game.discriminator)]
        for step in range(MOST):
            if math.hypot(*(p.item() for p in z)) < 1e-6:
                return step
            built.game.step(batch)
        return MOST


def found_on_dirac(kind: type, seed: int, steps: Any) -> float:
    """The coefficient that a search of 40 trials finds."""
    gamma = Reals("r1.gamma", GAMMA, 0.01, 10.0, True)
    search = Search(kind([gamma], 40, seed), [0], lambda p: [1 - steps(t.params[GAMMA]) / MOST for t, _ in p])
    winner = best(search.run())
    assert winner is not None
    return winner.params[GAMMA]


def within(gamma: float, share: float) -> bool:
    """Whether a coefficient is within a share of the best one, as a ratio either way."""
    return abs(math.log(gamma / BEST)) <= math.log(1 + share)


def test_the_best_coefficient_on_dirac_is_where_the_eigenvalues_meet():
    gammas = np.linspace(1, 3, 2001)
    matrices = np.array([[[1 - H**2, H * (1 - H * g)], [-H, 1 - H * g]] for g in gammas])
    radius = np.abs(np.linalg.eigvals(matrices)).max(axis=1)
    assert gammas[radius.argmin()] == pytest.approx(BEST, abs=1e-3)  # the mesh's width
    assert radius.min() == pytest.approx(math.sqrt(1 - H * BEST), abs=1e-3)
    counts = np.array([steps_on_paper(g) for g in np.geomspace(0.01, 10, 3001)])
    assert within(np.geomspace(0.01, 10, 3001)[counts.argmin()], 0.1)  # 66 steps make it 1.76 rather than 1.8


@pytest.mark.parametrize("gamma", [0.05, 0.9, 1.7, 1.8, 1.85, 2.5])
def test_the_engine_takes_the_steps_that_paper_says(gamma):
    assert Played()(gamma) == steps_on_paper(gamma)


@pytest.mark.parametrize(("kind", "share"), [(GridSearch, 0.1), (TreeParzen, 0.1), (RandomSearch, 0.3)])
def test_searches_find_the_best_coefficient_on_dirac(kind, share):
    assert [within(found_on_dirac(kind, seed, steps_on_paper), share) for seed in range(3)] == [True] * 3


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
def test_searches_find_the_best_coefficient_on_dirac_from_twenty_seeds():
    played = Played()
    for kind, share in ((GridSearch, 0.1), (TreeParzen, 0.1), (RandomSearch, 0.3)):
        found = [found_on_dirac(kind, seed, played) for seed in range(20)]
        hits = sum(within(gamma, share) for gamma in found)
        print(f"{kind.__name__}: {hits} of 20 within {share:.0%}: {sorted(found)}")
        assert hits >= 18
