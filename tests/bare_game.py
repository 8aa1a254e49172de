"""A game of R1 in plain Python: what `pip install detente` alone is enough for. Run by test_distributions.py."""

import sys

import torch
from torch import nn

import detente
from detente import Batch, Game, Player, plugins, regularizers
from detente.engine.objectives import NonSaturating
from detente.regularizers import R1
from detente.toys.linear import DiracData
from detente.toys.mixture import RingData


class Points:
    """What the game asks of a kind of data."""

    augmentations = {}

    def noise_like(self, x, generator):
        return torch.randn(x.shape, generator=generator)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3, betas=(0.0, 0.99))


class Critic(nn.Sequential):
    def forward(self, x):
        return super().forward(x).squeeze(1)


assert len(RingData(size=10)) == 10 and len(DiracData()) > 0
torch.manual_seed(0)
generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
critic = Critic(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
game = Game(
    Player("generator", generator, adam),
    Player("discriminator", critic, adam, detente.chain(R1(gamma=1.0))),
    NonSaturating(),
    Points(),
    lambda n, rng: torch.randn(n, 4, generator=rng),
)
before = [p.detach().clone() for p in generator.parameters()]
for _ in range(20):
    game.step(Batch(torch.randn(32, 2) + 3))
assert game.terms()["D/r1"].item() > 0
assert not any(torch.equal(p, q) for p, q in zip(before, generator.parameters(), strict=True))
assert {name for name in regularizers.__all__ if getattr(regularizers, name) is R1} == {"R1"}
assert not {"pydantic", "numpy"} & {*sys.modules}, "the toys and the contracts of domains need no more"
assert plugins.host() is not None
print("trained with", *sorted({"numpy", "pydantic", "scipy", "typer", "optuna", "matplotlib", "yaml"} & {*sys.modules}))
