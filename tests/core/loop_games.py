"""Small games that are played twice: by `Game`, and in a plain loop with `detente.attach`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from detente.engine.absent import Tensors
from detente.engine.attached import Attached
from detente.engine.chain import chain
from detente.engine.game import Game
from detente.engine.objectives import NonSaturating, mean
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Batch, Leaf, Space, batch_size, leaves, to
from detente.engine.streams import Stream, enter, kept, leave
from detente.engine.table import keys
from detente.loops import attach
from detente.testing import cases

SEED = 3
CPU = torch.device("cpu")
F64 = torch.float64


@dataclass
class Play:
    """What a game is made of."""

    networks: Callable[[], tuple[nn.Module, nn.Module]]
    latents: Callable[[int, torch.Generator], Any]
    batch: Callable[[int], Batch]
    domain: Any
    space: Space
    options: dict[str, dict] = field(default_factory=dict)


class ImageGenerator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.conv, self.out = nn.Linear(3, 32), nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 1, 1)

    def forward(self, z: Tensor) -> Tensor:
        h = nn.functional.leaky_relu(self.fc(z)).view(-1, 2, 4, 4)
        return self.out(nn.functional.leaky_relu(self.conv(h))).tanh()


class ImageCritic(nn.Module):
    abilities = frozenset({"features"})
    feature_layers = ("conv",)

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.dropout, self.out = nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.Dropout(0.2), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.dropout(nn.functional.leaky_relu(self.conv(x), 0.2)).flatten(1)).flatten()


def flip(x: Tensor, generator: torch.Generator) -> Tensor:
    return torch.where(torch.rand(len(x), 1, 1, 1, generator=generator) < 0.5, x.flip(-1), x)


def image() -> Play:
    return Play(
        lambda: (ImageGenerator(), ImageCritic()),
        lambda n, g: torch.randn(n, 3, generator=g),
        lambda k: Batch(
            torch.randn(6, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(k)).tanh()
        ),
        Tensors({"flip": flip}),
        Space((Leaf((1, 4, 4), channel_axis=1),)),
        {"instance-norm": {"where": "conv"}},
    )


def toy(name: str) -> Play:
    (case,) = cases([name])

    def networks() -> tuple[nn.Module, nn.Module]:
        built = case.model.build(case.data.space)
        return built.generator, built.discriminator

    where = {"instance-norm": {"where": ["conv", "embed", "row"]}}
    return Play(networks, case.model.latents, case.batch, case.domain, case.data.space, where)


def made(play: Play, dtype: torch.dtype) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(7)
    generator, critic = play.networks()
    return generator.to(dtype), critic.to(dtype)


def adam(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=1e-2, betas=(0.5, 0.9))


def batch_of(play: Play, k: int, dtype: torch.dtype) -> Batch:
    x, labels = play.batch(k)
    return Batch(to(x, dtype=dtype), labels)


def by_game(play: Play, role: str, links: list[Regularizer], dtype: torch.dtype, steps: int, **options: Any) -> Game:
    G, D = made(play, dtype)

    def player(side: str, net: nn.Module) -> Player:
        with kept(CPU):
            enter(Stream(SEED).at("rewriting", side), CPU)
            try:
                return Player(side, net, adam, chain(*links) if side == role else None)
            finally:
                leave()

    game = Game(
        player("generator", G),
        player("discriminator", D),
        NonSaturating(),
        play.domain,
        play.latents,
        space=play.space,
        seed=SEED,
        **options,
    )
    for k in range(steps):
        game.step(batch_of(play, k, dtype))
    return game


def by_hand(
    play: Play, role: str, links: Any, dtype: torch.dtype, steps: int, autocast: torch.dtype | None = None
) -> tuple[Attached, Attached]:
    G, D = made(play, dtype)
    opt_g, opt_d = adam(G.parameters()), adam(D.parameters())
    shared = {"domain": play.domain, "space": play.space, "seed": SEED, "objective": NonSaturating()}
    reg_d = attach(D, links if role == "discriminator" else [], optimizer=opt_d, role="discriminator", **shared)
    reg_g = attach(G, links if role == "generator" else [], optimizer=opt_g, opponent=reg_d, **shared)

    def run(net: nn.Module, x: Any, labels: Any) -> Any:
        with torch.autocast("cpu", autocast, enabled=autocast is not None):
            return net(x) if labels is None else net(x, labels)

    for k in range(steps):
        real, labels = batch_of(play, k, dtype)
        z = play.latents(batch_size(real), keys(SEED)["latents"]["discriminator"].at(k).generator(CPU))
        z = to(z, dtype=leaves(real)[0].dtype)
        fake = run(G, z, labels)
        with reg_d.turn(real, fake, z=z, labels=labels) as t:
            # Widened once: two casts of one value would add their gradients in the narrow dtype.
            d_real, d_fake = (to(run(D, x, labels), dtype=dtype) for x in (t.real, t.fake))
            loss = mean(lambda d: softplus(-d), d_real) + mean(softplus, d_fake) + t.penalty(d_real, d_fake)
        opt_d.zero_grad()
        loss.backward()
        reg_d.step()
        with reg_g.turn(real, fake, z=z, labels=labels) as t:
            d_fake = to(run(D, t.fake, labels), dtype=dtype)
            loss = mean(lambda d: softplus(-d), d_fake) + t.penalty(fake=d_fake)
        opt_g.zero_grad()
        loss.backward()
        reg_g.step()
    return reg_g, reg_d


class Flat(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flatten()


def critic(dtype: torch.dtype = F64) -> nn.Module:
    torch.manual_seed(11)
    return Flat(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).to(dtype)


class Labelled(nn.Module):
    """A critic that multiplies with the embedding of a class."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(11)
        self.fc, self.classes = nn.Linear(2, 8, dtype=F64), nn.Embedding(3, 8, dtype=F64)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return (self.fc(x).tanh() * self.classes(labels)).sum(1)
