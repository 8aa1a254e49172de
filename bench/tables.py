"""The games that are timed, and the loop that somebody would write by hand for them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from bench.text import relgan
from detente.domain import Batch, Data, Domain, Leaf, Model, Networks, Space
from detente.game import Game
from detente.objectives import NonSaturating
from detente.player import Player
from detente.plugins import host
from detente.probe import Plain
from detente.regularizer import Regularizer
from detente.sample import Sample
from detente.sampler import Sampler
from detente.streams import Stream


@dataclass
class Table:
    """A kind of game: data, networks, batch."""

    name: str
    domain: Domain
    data: Data
    model: Model
    batch: int

    def networks(self) -> Networks:
        """Equal at every call."""
        torch.manual_seed(0)
        return self.model.build(self.data.space)

    def sampler(self) -> Sampler:
        """Equal at every call."""
        return Sampler(len(self.data), self.batch, Stream(0).at("data"))


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
        torch.default_generator.manual_seed(noise.at(k).key)  # of the noise that a generator may draw
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


class _GraphDomain(Plain):
    """Graphs may have their atoms renumbered."""

    def __init__(self) -> None:
        super().__init__()
        self.augmentations = {"renumbering": self._renumber}

    @staticmethod
    def _renumber(x: Sample, generator: torch.Generator) -> Sample:
        bonds, atoms = x
        order = torch.rand(atoms.shape[:2], generator=generator).argsort(1)  # [B, N]
        bonds = bonds.gather(1, order[:, :, None, None].expand_as(bonds))
        bonds = bonds.gather(2, order[:, None, :, None].expand_as(bonds))
        return bonds, atoms.gather(1, order[:, :, None].expand_as(atoms))


class _Graphs(Data):
    """Random molecule-like graphs: bonds [B, N, N, K] one-hot and symmetric, atoms [B, N, T] one-hot."""

    def __init__(self, size: int = 2048, nodes: int = 9, kinds: int = 5, bonds: int = 5) -> None:
        draws = torch.Generator().manual_seed(0)
        between = torch.randint(bonds, (size, nodes, nodes), generator=draws).triu(1)
        self._bonds = torch.nn.functional.one_hot(between + between.mT, bonds).float()
        atoms = torch.randint(kinds, (size, nodes), generator=draws)
        self._atoms = torch.nn.functional.one_hot(atoms, kinds).float()
        self.space = Space((Leaf((nodes, nodes, bonds), "bonds"), Leaf((nodes, kinds), "atoms")))

    def __len__(self) -> int:
        return len(self._atoms)

    def batch(self, index: Tensor) -> Batch:
        return Batch((self._bonds[index], self._atoms[index]))

    def held_out(self) -> Sample:
        return self._bonds, self._atoms

    def reference(self) -> Sample:
        return self._bonds, self._atoms

    @property
    def identity(self) -> str:
        return "bench-graphs"


class _GraphGenerator(nn.Module):
    output_layers = ("bonds", "atoms")

    def __init__(self, space: Space) -> None:
        super().__init__()
        (self.n, _, self.k), (_, self.t) = (leaf.shape for leaf in space.leaves)
        self.fc1, self.fc2 = nn.Linear(32, 128), nn.Linear(128, 256)
        self.bonds, self.atoms = nn.Linear(256, self.n * self.n * self.k), nn.Linear(256, self.n * self.t)

    def forward(self, z: Tensor) -> Sample:
        h = torch.tanh(self.fc2(torch.tanh(self.fc1(z))))
        bonds = self.bonds(h).view(-1, self.n, self.n, self.k)
        return ((bonds + bonds.transpose(1, 2)) / 2).softmax(-1), self.atoms(h).view(-1, self.n, self.t).softmax(-1)


class _GraphCritic(nn.Module):
    """Two rounds of messages along every kind of bond, then a sum over atoms (Schlichtkrull et al. 2018)."""

    output_layers = ("out",)
    abilities = frozenset({"features"})
    feature_layers = ("read",)

    def __init__(self, space: Space) -> None:
        super().__init__()
        (_, _, k), (_, t) = (leaf.shape for leaf in space.leaves)
        self.self1, self.along1 = nn.Linear(t, 64), nn.Linear(t * (k - 1), 64)
        self.self2, self.along2 = nn.Linear(64, 32), nn.Linear(64 * (k - 1), 32)
        self.read, self.out = nn.Linear(32, 128), nn.Linear(128, 1)

    def forward(self, x: Sample) -> Tensor:
        bonds, h = x
        kinds = bonds[..., 1:].permute(0, 3, 1, 2)  # [B, K, N, N]
        for own, along in ((self.self1, self.along1), (self.self2, self.along2)):
            messages = (kinds @ h[:, None]).transpose(1, 2).flatten(2)  # [B, N, K·T]
            h = torch.tanh(own(h) + along(messages))
        return self.out(torch.tanh(self.read(h).sum(1))).flatten()


class _Graph(Model):
    latent_dim = 32

    def build(self, space: Space) -> Networks:
        return Networks(_GraphGenerator(space), _GraphCritic(space))


def tables() -> list[Table]:
    """Ring, graph, and where their plugins are installed the digit DCGAN and a RelGAN."""
    h = host()
    out = [
        Table(
            "ring", h.load("domain", "ring")(), h.load("data", "ring", "ring")(), h.load("model", "ring", "ring")(), 256
        ),
        Table("graph", _GraphDomain(), _Graphs(), _Graph(), 32),
    ]
    if h.entries("domain") and any(e.name == "image" for e in h.entries("domain")):
        image = h.load("domain", "image")(), h.load("data", "digits", "image")(), h.load("model", "dcgan", "image")
        out.append(Table("dcgan", image[0], image[1], image[2](width=16), 32))
    return out + [Table(*parts) for parts in relgan()]
