"""A game of two single layers that remember what they saw."""

import torch
from torch import nn

from detente.engine.game import Game
from detente.engine.objectives import NonSaturating
from detente.engine.player import Player
from detente.engine.sample import Batch
from detente.testing.probe import Plain

F64 = torch.float64


class Recorder(nn.Module):
    """A layer that counts the forwards through it and remembers what it saw."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.fc = nn.Linear(inputs, outputs, dtype=F64)
        self.seen: list[torch.Tensor] = []

    def forward(self, x):
        self.seen.append(x.detach().clone())
        out = self.fc(x)
        return out.flatten() if out.shape[1] == 1 else out


def small(seed: int = 0, regularizer=None, make=None, **options) -> Game:
    torch.manual_seed(1)
    make = make or (lambda ps: torch.optim.SGD(ps, lr=0.1))
    return Game(
        Player("generator", Recorder(3, 2), make),
        Player("discriminator", Recorder(2, 1), make, regularizer),
        NonSaturating(),
        Plain(),
        lambda n, g: torch.randn(n, 3, generator=g, dtype=F64),
        seed=seed,
        **options,
    )


BATCHES = [Batch(torch.randn(4, 2, dtype=F64, generator=torch.Generator().manual_seed(i))) for i in range(6)]
