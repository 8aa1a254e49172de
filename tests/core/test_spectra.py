"""The flow of Dirac-GAN at its equilibrium under each regularizer: eigenvalues from the engine's own updates.

A simultaneous step of SGD moves z = (θ, ψ) by h·v(z) exactly, so one step gives the vector field v, and central
differences its Jacobian at 0 (Mescheder et al. 2018, lemmas 2.3 and 3.1–3.3, table in appendix D). f is the logistic
loss, f′(0) = ½ and f″(0) = −¼ in the paper's sign, or the Wasserstein loss with f′ = 1.
"""

import cmath
import itertools
import math

import pytest
import torch
from torch import nn

from detente.engine.chain import chain
from detente.engine.game import Game
from detente.engine.objectives import NonSaturating, Objective, Saturating, Wasserstein
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Batch
from detente.regularizers.clip_norm import ClipNorm
from detente.regularizers.dropout import Dropout
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.instance_noise import InstanceNoise
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.regularizers.r2 import R2
from detente.regularizers.weight_clip import WeightClip
from detente.testing.probe import Plain

F64 = torch.float64


class Point(nn.Module):
    def __init__(self, theta: float):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([theta], dtype=F64))

    def forward(self, z):
        return self.theta.expand(len(z), 1)


class Slope(nn.Module):
    """D(x) = ψx, with a layer that counts as hidden, so that dropout has a place."""

    output_layers = ()

    def __init__(self, psi: float):
        super().__init__()
        self.fc = nn.Linear(1, 1, bias=False, dtype=F64)
        self.fc.weight.data.fill_(psi)

    def forward(self, x):
        return self.fc(x)[:, 0]


class Quadrature(Plain):
    """Noise on the nodes of the three-point Gauss–Hermite rule: a batch of six has the right moments up to 5."""

    def noise_like(self, x, generator):
        root = math.sqrt(3)
        return torch.tensor([0.0, 0.0, 0.0, 0.0, root, -root], dtype=F64)[:, None]


def game(theta, psi, D=(), G=(), objective: Objective | None = None, h=1.0, seed=0, **options) -> Game:
    return Game(
        Player("generator", Point(theta), lambda ps: torch.optim.SGD(ps, lr=h), chain(*G)),
        Player("discriminator", Slope(psi), lambda ps: torch.optim.SGD(ps, lr=h), chain(*D)),
        objective or NonSaturating(),
        Quadrature(),
        lambda n, g: torch.zeros(n, 1, dtype=F64),
        seed=seed,
        simultaneous=options.pop("simultaneous", True),
        **options,
    )


REAL = Batch(torch.zeros(6, 1, dtype=F64))


def state(g: Game) -> tuple[float, float]:
    return g.generator.network.theta.item(), g.discriminator.network.fc.weight.item()


def field(theta, psi, D, G, objective, seeds=(0,)) -> list[float]:
    """v(θ, ψ): what one step of rate 1 adds, averaged over `seeds`."""
    total = [0.0, 0.0]
    for seed in seeds:
        g = game(theta, psi, [make() for make in D], [make() for make in G], objective, seed=seed)
        g.step(REAL)
        total = [a + (new - old) / len(seeds) for a, new, old in zip(total, state(g), (theta, psi), strict=True)]
    return total


def eigenvalues(D=(), G=(), objective=None, seeds=(0,)) -> list[complex]:
    e = 1e-4  # truncation e²/6 of a third derivative of order σ⁶: 1e-7 at σ = 2
    columns = []
    for dtheta, dpsi in ((e, 0.0), (0.0, e)):
        up, down = field(dtheta, dpsi, D, G, objective, seeds), field(-dtheta, -dpsi, D, G, objective, seeds)
        columns.append([(u - d) / (2 * e) for u, d in zip(up, down, strict=True)])
    (a, c), (b, d) = columns
    half, root = (a + d) / 2, cmath.sqrt(((a - d) / 2) ** 2 + b * c)
    return sorted((half + root, half - root), key=lambda z: (z.real, z.imag))


def expected(shift: float, under: float) -> list[complex]:
    root = cmath.sqrt(under)
    return sorted((shift + root, shift - root), key=lambda z: (z.real, z.imag))


def close(got, want) -> bool:
    return all(abs(a - b) < 1e-6 for a, b in zip(got, want, strict=True))


LOSSES = [(NonSaturating(), 0.5), (Saturating(), 0.5), (Wasserstein(), 1.0)]
GAMMAS = [0.3, 1.0, 1.7]


@pytest.mark.parametrize(("objective", "slope"), LOSSES)
def test_without_a_regularizer_there_is_no_damping(objective, slope):
    assert close(eigenvalues(objective=objective), expected(0, -(slope**2)))


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize(("objective", "slope"), LOSSES)
def test_r1(objective, slope, gamma):
    got = eigenvalues(D=[lambda: R1(gamma=gamma)], objective=objective)
    assert close(got, expected(-gamma / 2, gamma**2 / 4 - slope**2))


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize(("objective", "slope"), LOSSES)
def test_r1_and_r2(objective, slope, gamma):
    got = eigenvalues(D=[lambda: R1(gamma=gamma), lambda: R2(gamma=gamma)], objective=objective)
    assert close(got, expected(-gamma, gamma**2 - slope**2))


@pytest.mark.parametrize("side", ["D", "G"])
@pytest.mark.parametrize(("objective", "slope"), LOSSES)
def test_l2_on_one_player(objective, slope, side):
    got = eigenvalues(**{side: [lambda: L2(weight=0.4, where="*")]}, objective=objective)
    assert close(got, expected(-0.4, 0.4**2 - slope**2))


@pytest.mark.parametrize(("objective", "slope"), LOSSES)
def test_l2_on_both_players(objective, slope):
    made = [lambda: L2(weight=0.4, where="*")]
    assert close(eigenvalues(D=made, G=made, objective=objective), expected(-0.8, -(slope**2)))


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_instance_noise(sigma):
    """Curvature of the logistic loss is what damps; the Wasserstein loss has none."""
    curvature = -0.25
    for objective in (NonSaturating(), Saturating()):
        got = eigenvalues(D=[lambda: InstanceNoise(std=sigma)], objective=objective)
        assert close(got, expected(sigma**2 * curvature, sigma**4 * curvature**2 - 0.25))
    assert close(eigenvalues(D=[lambda: InstanceNoise(std=sigma)], objective=Wasserstein()), expected(0, -1))


def test_dropout_does_not_damp():
    """All masks, each as often as it is likely: with p = ½ the four pairs of D's and G's mask count alike."""
    one = Batch(torch.zeros(1, 1, dtype=F64))
    found: dict[tuple[bool, bool], int] = {}
    for seed in itertools.count():
        g = game(1.0, 1.0, [Dropout(p=0.5)], seed=seed)
        g.step(one)
        theta, psi = state(g)
        found.setdefault((theta != 1.0, psi != 1.0), seed)
        if len(found) == 4:
            break
        assert seed < 200
    e, columns = 1e-3, []
    for dtheta, dpsi in ((e, 0.0), (0.0, e)):
        moved = []
        for sign in (1, -1):
            total = [0.0, 0.0]
            for seed in found.values():
                g = game(sign * dtheta, sign * dpsi, [Dropout(p=0.5)], seed=seed)
                g.step(one)
                after = state(g)
                total = [t + (n - o) / 4 for t, n, o in zip(total, after, (sign * dtheta, sign * dpsi), strict=True)]
            moved.append(total)
        columns.append([(u - d) / (2 * e) for u, d in zip(*moved, strict=True)])
    (a, c), (b, d) = columns
    assert abs(a + d) < 1e-6 and abs(a * d - b * c - 0.25) < 1e-6  # trace 0 and determinant f′²: ±i/2


def final_norms(D=(), steps=3000, h=0.1, objective=None, tail=500) -> list[float]:
    g = game(1.0, 1.0, D, objective=objective or NonSaturating(), h=h, simultaneous=False)
    norms = []
    for _ in range(steps):
        g.step(REAL)
        norms.append(math.hypot(*state(g)))
    return norms[-tail:]


@pytest.mark.slow
@pytest.mark.parametrize("regularizer", [R1(gamma=1.0), R2(gamma=1.0), L2(weight=0.5, where="*")], ids=lambda r: r.name)
def test_these_converge(regularizer: Regularizer):
    assert max(final_norms([regularizer])) < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(
    "regularizers",
    [[], [GradientPenalty(weight=1.0)], [WeightClip(0.5)], [ClipNorm(max_norm=0.2)]],
    ids=lambda r: r[0].name if r else "none",
)
def test_these_do_not_converge(regularizers):
    """They circle: over the last 500 steps the distance to the equilibrium never gets small."""
    assert min(final_norms(regularizers)) > 0.05
