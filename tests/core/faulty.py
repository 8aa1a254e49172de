"""Games with faults in them, by our regularizers and by strangers' ones, for tests of findings."""

import torch
from torch import nn

from detente.checks import findings
from detente.engine.chain import chain
from detente.engine.game import Game
from detente.engine.gradients import input_gradient
from detente.engine.layers import after, layers
from detente.engine.objectives import NonSaturating, Objective
from detente.engine.player import Player
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import sumsq
from detente.plugins import host
from detente.testing.probe import Plain

adam = lambda ps: torch.optim.Adam(ps, lr=0.1)  # noqa: E731
sgd = lambda ps: torch.optim.SGD(ps, lr=0.1)  # noqa: E731


def reg(name: str, **options) -> Regularizer:
    return host().load("regularizer", name)(**options)


class Critic(nn.Sequential):
    def forward(self, x):
        return super().forward(x)[:, 0]


class Sequence(nn.Module):
    """A critic of [B, 2] that has positions inside: [B, 2, 1] → [B, 2, 4]."""

    output_layers = ("out",)

    def __init__(self):
        super().__init__()
        self.fc, self.out = nn.Linear(1, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.out(self.fc(x[:, :, None])).mean((1, 2))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.LSTM(1, 4, batch_first=True), nn.Linear(4, 1)

    def forward(self, x):
        return self.out(self.rnn(x[:, :, None])[0][:, -1])[:, 0]


class Unrolled(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.LSTMCell(1, 4), nn.Linear(4, 1)

    def forward(self, x):
        h, _ = self.cell(x[:, :1])
        return self.out(h)[:, 0]


def critic(*middle: nn.Module) -> nn.Module:
    return Critic(nn.Linear(2, 4), *middle, nn.LeakyReLU(0.2), nn.Linear(4, 1))


def game(
    D=(), G=(), network: nn.Module | None = None, objective: Objective | None = None, optimizer=sgd, autocast=None
) -> Game:
    return Game(
        Player("generator", nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), optimizer, chain(*G)),
        Player("discriminator", network or critic(), optimizer, chain(*D)),
        objective or NonSaturating(),
        Plain(),
        lambda n, g: torch.randn(n, 3, generator=g),
        autocast=autocast,
    )


def codes(g: Game, **options) -> set[str]:
    return {f.code for f in findings(g, **options)}


class TheirSlopePenalty(Regularizer):
    """λ (‖∇D‖ − target)², by a stranger: says what it costs, and what slope it asks for."""

    off = {"lam": 0.0}

    def __init__(self, lam: float = 10.0, target: float = 1.0) -> None:
        super().__init__()
        self.lam, self.target, self.slope_target = lam, target, target

    def penalty(self, s):
        return self.lam * (sumsq(input_gradient(s.real_logits, s.real)).sqrt() - self.target).square().mean()

    def passes(self, turn="discriminator"):
        return Passes(gradient=1)


class TheirBatchNorm(Regularizer):
    normalizes_batch = mixes_samples = True

    def rewrite(self, net):
        after(layers(net)[0], self.name, nn.BatchNorm1d(4, track_running_stats=False).eval())  # unknown to every rule


class TheirSpectralNorm(Regularizer):
    bounds_critic = normalizes_weights = True


class TheirWeightNorm(Regularizer):
    normalizes_weights = True


class TheirClip(Regularizer):
    bounds_critic = bounds_weights = True


class TheirDropout(Regularizer):
    drops_units = True


class TheirStatistics(Regularizer):
    mixes_samples = True


class TheirDecay(Regularizer):
    decays_weights = True


class TheirInstanceNorm(Regularizer):
    needs_positions = True


class TheirAugmentation(Regularizer):
    def augment(self, x, m):
        return x
