"""The games that are timed, and the loop that somebody would write by hand for them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from detente.domains.contracts import Data, Domain, Model, Networks
from detente.domains.packed import PackedData
from detente.engine.game import Game
from detente.engine.objectives import NonSaturating
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Leaf, Sample, Space
from detente.engine.streams import Stream
from detente.plugins import host
from detente.training.sampler import BatchSampler


@dataclass
class Table:
    """A kind of game: data, networks, batch."""

    name: str
    domain: Domain
    data: Data
    model: Model
    batch: int
    noisy: bool = False
    """Whether the generator draws noise besides its latents: the loop by hand then seeds it as the engine does."""

    def networks(self) -> Networks:
        """Equal at every call."""
        torch.manual_seed(0)
        return self.model.build(self.data.space)

    def sampler(self) -> BatchSampler:
        """Equal at every call."""
        return BatchSampler(len(self.data), self.batch, Stream(0).at("data"))


def adam(parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """What both loops optimize with."""
    return torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.99), fused=True)


def engine(table: Table, role: str = "discriminator", regularizer: Regularizer | None = None) -> Callable[[int], Game]:
    """The engine's loop: call it with a step's number."""
    networks, sampler = table.networks(), table.sampler()
    sides = {role: regularizer}
    game = Game(
        Player("generator", networks.generator, adam, sides.get("generator")),
        Player("discriminator", networks.discriminator, adam, sides.get("discriminator")),
        NonSaturating(),
        table.domain,
        table.model.latents,
        space=table.data.space,
    )

    def step(k: int) -> Game:
        game.step(table.data.batch(sampler.indices(k))._replace(labels=None))
        return game

    return step


def by_hand(table: Table) -> Callable[[int], Networks]:
    """The same updates without an engine: equal networks, batches, latents, losses and optimizers, in one function."""
    G, D = table.networks()
    G.train()
    D.train()
    g_params, d_params = list(G.parameters()), list(D.parameters())
    g_optimizer, d_optimizer = adam(g_params), adam(d_params)
    sampler = table.sampler()
    keys, noise = (Stream(0).at("rank", 0, purpose, "discriminator") for purpose in ("latents", "noise"))

    def mean(f: Callable[[Tensor], Tensor], logits: Tensor) -> Tensor:
        return f(logits).mean()

    def step(k: int) -> Networks:
        real: Sample = table.data.batch(sampler.indices(k)).x
        z = table.model.latents(table.batch, torch.Generator().manual_seed(keys.at(k).key))
        if table.noisy:
            torch.default_generator.manual_seed(noise.at(k).key)
        fake = G(z)
        detached = fake.detach() if isinstance(fake, Tensor) else tuple(leaf.detach() for leaf in fake)
        d_loss = mean(lambda d: softplus(-d), D(real)) + mean(softplus, D(detached))
        d_optimizer.zero_grad(set_to_none=True)
        d_loss.backward(inputs=d_params)
        d_optimizer.step()
        g_loss = mean(lambda d: softplus(-d), D(fake))
        g_optimizer.zero_grad(set_to_none=True)
        g_loss.backward(inputs=g_params)
        g_optimizer.step()
        return Networks(G, D)

    return step


def tables() -> list[Table]:
    """Ring, and those of the plugins that are installed: the digit DCGAN, MolGAN, RelGAN, SpecGAN."""
    h = host()
    installed = {entry.name for entry in h.entries("domain")}

    def table(name: str, batch: int, domain: str, data: str, *, noisy: bool = False, **options: int) -> Table:
        model = h.load("model", name, domain)(**options)
        kind, played = h.load("domain", domain)(), model.view(h.load("data", data, domain)())
        kind.meet(played.space)
        return Table(name, kind, played, model, batch, noisy)

    out = [table("ring", 256, "ring", "ring")]
    if "image" in installed:
        out.append(table("dcgan", 32, "image", "digits", width=16))
    if "molecule" in installed:
        out.append(table("molgan", 32, "molecule", "qm9", noisy=True))
    if "text" in installed:
        out.append(table("relgan", 32, "text", "bible-bbe", noisy=True))
    if "speech" in installed:
        domain, model = h.load("domain", "speech")(), h.load("model", "specgan", "speech")()
        out.append(Table("specgan", domain, _spectrograms(), model, 64))
    return out


def _spectrograms(size: int = 2048) -> Data:
    """Random log-mels, float16 as recordings have them: speed does not depend on values, and no recording is needed."""
    x = torch.rand(size, 1, 40, 64, generator=torch.Generator().manual_seed(0)).half() * 2 - 1
    return PackedData(Space((Leaf((1, 40, 64), channel_axis=1),)), x, x[:64], x[:64], "bench-speech")
