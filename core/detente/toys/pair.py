"""Samples with two dependent leaves."""

from typing import Annotated

import torch
from torch import Tensor, nn

from detente.domains.contracts import Data, Model, Networks
from detente.domains.primary import Primary
from detente.engine.network import Network
from detente.engine.options import Count, Range, Whole
from detente.engine.sample import Leaf, Sample, Space, leaves
from detente.toys.data import Drawn
from detente.toys.domain import Toy, flip, gaussian_fit, training_samples

ROWS, U, V = 4, (1.0, -0.5, 0.25), (1.0, 0.5, 0.0, -0.5, -1.0)


class PairDomain(Toy):
    """Two leaves, a table [B, 4, 3] and a vector [B, 5], jointly Gaussian."""

    name = "pair"
    primary = Primary("frechet", "lower", log=True, protocol="Fréchet distance to 2000 reference samples")
    metrics = ("frechet", "kernel-distance", "prdc")
    augmentations = {"flip": flip}

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Sample:
        """An independent Gaussian for each leaf: right for each of them, but without their dependence."""
        return tuple(leaves(gaussian_fit(leaf, n, generator))[0] for leaf in leaves(training_samples(data)))


class PairData(Drawn):
    """With h ~ N(0, 1)⁴ and s = ½ Σ hᵢ ~ N(0, 1): the table is hᵢ·u_c, the vector s·v_j, plus noise on every entry.

    Args:
        noise: standard deviation of the noise.
        size: samples to train on.
        seed: of the draws.

    Attributes:
        covariance: of the table and the vector written in one row, [17, 17], float64; the mean is 0.
    """

    description = "a Gaussian table and a Gaussian vector with common causes"
    licence = "public domain"
    source = "drawn"

    def __init__(
        self, noise: Annotated[float, Range(least=0, most=1e6)] = 0.1, size: Count = 10_000, seed: Whole = 0
    ) -> None:
        mix = _mix()

        def sample(n: int, generator: torch.Generator) -> Sample:
            h = torch.randn(n, ROWS, generator=generator, dtype=torch.float64)
            clean = h @ mix
            x = (clean + noise * torch.randn(clean.shape, generator=generator, dtype=torch.float64)).float()
            table, vector = x.split([ROWS * len(U), len(V)], dim=1)
            return table.reshape(n, ROWS, len(U)), vector.contiguous()

        self.covariance = mix.T @ mix + noise**2 * torch.eye(mix.shape[1], dtype=torch.float64)
        space = Space((Leaf((ROWS, len(U)), "table"), Leaf((len(V),), "vector")))
        super().__init__("pair", space, sample, size, seed, {"noise": noise, "seed": seed})


def _mix() -> Tensor:
    """What h is multiplied with, [4, 17]."""
    table = torch.kron(torch.eye(ROWS, dtype=torch.float64), torch.tensor([U], dtype=torch.float64))  # [4, 12]
    vector = torch.tensor([V], dtype=torch.float64).expand(ROWS, -1) / 2  # [4, 5]
    return torch.cat([table, vector], dim=1)


class PairGenerator(Network):
    """One hidden layer, one output layer per leaf."""

    output_layers = ("table", "vector")

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.fc = nn.Linear(latent_dim, width)
        self.act = nn.Tanh()
        self.table = nn.Linear(width, ROWS * len(U))
        self.vector = nn.Linear(width, len(V))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        h = self.act(self.fc(z))
        return self.table(h).unflatten(1, (ROWS, len(U))), self.vector(h)


class PairCritic(Network):
    """Rows of the table, summed, and the vector meet before the first nonlinearity and again after it; logits [B]."""

    input_layers = ("row", "vector")
    output_layers = ("out",)

    def __init__(self, width: int) -> None:
        super().__init__()
        self.row = nn.Linear(len(U), width)
        self.vector = nn.Linear(len(V), width)
        self.act1 = nn.Tanh()
        self.fc = nn.Linear(width, width)
        self.act2 = nn.Tanh()
        self.out = nn.Linear(width, 1)

    def forward(self, x: tuple[Tensor, Tensor]) -> Tensor:
        table, vector = x
        h = self.act1(self.row(table) + self.vector(vector)[:, None])  # [B, 4, width]
        return self.out(self.act2(self.fc(h.sum(dim=1))))[:, 0]


class Pair(Model):
    """A generator with two outputs against a critic with two inputs.

    Args:
        width: of the hidden layers.
        latent_dim: numbers in z.
    """

    def __init__(self, width: Count = 32, latent_dim: Count = 8) -> None:
        self.width, self.latent_dim = width, latent_dim

    def build(self, space: Space) -> Networks:
        return Networks(PairGenerator(self.latent_dim, self.width), PairCritic(self.width))
