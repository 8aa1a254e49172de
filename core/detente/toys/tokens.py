"""Symbols as points of the simplex, and a critic that embeds them first."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from detente.domains.contracts import Data, Model, Networks
from detente.domains.primary import Primary
from detente.engine.network import Network
from detente.engine.options import Count, Probability, Whole
from detente.engine.sample import Leaf, Sample, Space, leaves
from detente.toys.data import Drawn
from detente.toys.domain import Toy, training_samples

LENGTH, SYMBOLS = 6, "abcde"


def mask(x: Sample, generator: torch.Generator) -> Sample:
    """Blur one random position of each sample: there every symbol becomes equally likely."""
    soft = leaves(x)[0]  # [B, T, V]
    hidden = torch.randint(soft.shape[1], (soft.shape[0], 1, 1), generator=generator, device=generator.device)
    place = torch.arange(soft.shape[1], device=soft.device)[None, :, None]
    return torch.where(place == hidden, torch.full_like(soft, 1 / soft.shape[2]), soft)


class TokensDomain(Toy):
    """Words of six symbols, one-hot or soft, [B, 6, 5]."""

    name = "tokens"
    primary = Primary("frechet", "lower", log=True, protocol="Fréchet distance to 2000 reference samples")
    metrics = ("frechet", "kernel-distance", "prdc")
    augmentations = {"mask": mask}

    def lines(self, x: Sample) -> list[str]:
        """The likeliest symbol of each position."""
        return ["".join(SYMBOLS[i] for i in word) for word in leaves(x)[0].argmax(dim=2).tolist()]

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Sample:
        """Every position by itself, as often as the training data have its symbols there."""
        often = leaves(training_samples(data))[0].mean(dim=0)  # [T, V]
        words = torch.multinomial(often, n, replacement=True, generator=generator).T  # [n, T]
        return one_hot(words, len(SYMBOLS)).to(often.dtype)


class TokensData(Drawn):
    """The first symbol is uniform; after it comes its successor in the circle of symbols, or else a uniform one.

    Args:
        order: probability of the successor, 0 to 1; the rest is spread evenly over all symbols.
        size: samples to train on.
        seed: of the draws.

    Attributes:
        covariance: of the one-hot words written in one row, [30, 30], float64; every entry has mean 1/5.
    """

    description = "words over five symbols in which each tends to be followed by the next"
    licence = "public domain"
    source = "drawn"

    def __init__(self, order: Probability = 0.8, size: Count = 10_000, seed: Whole = 0) -> None:
        def sample(n: int, generator: torch.Generator) -> Sample:
            words = torch.randint(len(SYMBOLS), (n, LENGTH), generator=generator)
            keeps = torch.rand(n, LENGTH, generator=generator) < order
            for t in range(1, LENGTH):
                words[:, t] = torch.where(keeps[:, t], (words[:, t - 1] + 1) % len(SYMBOLS), words[:, t])
            return one_hot(words, len(SYMBOLS)).to(torch.uint8)

        self.covariance = _covariance(order)
        space = Space((Leaf((LENGTH, len(SYMBOLS)), "symbols"),))
        super().__init__("tokens", space, sample, size, seed, {"order": order, "seed": seed})


def _covariance(order: float) -> Tensor:
    """P(x_t = a, x_{t+s} = b) = (pˢ·[b = a + s] + (1 − pˢ)/V)/V, less 1/V²."""
    v = len(SYMBOLS)
    out = torch.zeros(LENGTH, v, LENGTH, v, dtype=torch.float64)
    for t in range(LENGTH):
        for s in range(LENGTH - t):
            after = torch.eye(v, dtype=torch.float64).roll(s, dims=1)  # [a, b]: b = a + s
            block = order**s * (after - 1 / v) / v
            out[t, :, t + s], out[t + s, :, t] = block, block.T
    return out.reshape(LENGTH * v, LENGTH * v)


class TokenGenerator(Network):
    """One hidden layer, then a softmax at every position."""

    output_layers = ("out",)

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.fc = nn.Linear(latent_dim, width)
        self.act = nn.Tanh()
        self.out = nn.Linear(width, LENGTH * len(SYMBOLS))

    def forward(self, z: Tensor) -> Tensor:
        logits = self.out(self.act(self.fc(z)))
        return logits.unflatten(1, (LENGTH, len(SYMBOLS))).softmax(dim=2)


class TokenCritic(Network):
    """Everything after `embed` sees the embedding alone, as the ability of that name promises; logits [B]."""

    abilities = frozenset({"embed", "features"})
    feature_layers = ("act",)
    output_layers = ("out",)

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.embed = nn.Linear(len(SYMBOLS), embedding, bias=False)
        self.fc = nn.Linear(LENGTH * embedding, width)
        self.act = nn.Tanh()
        self.out = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        embedded = self.embed(x)  # [B, T, embedding]
        return self.out(self.act(self.fc(embedded.flatten(1))))[:, 0]


class Tokens(Model):
    """A generator of soft words against a critic with an embedding.

    Args:
        width: of the hidden layers.
        embedding: numbers per embedded symbol.
        latent_dim: numbers in z.
    """

    def __init__(self, width: Count = 32, embedding: Count = 4, latent_dim: Count = 8) -> None:
        self.width, self.embedding, self.latent_dim = width, embedding, latent_dim

    def build(self, space: Space) -> Networks:
        return Networks(TokenGenerator(self.latent_dim, self.width), TokenCritic(self.width, self.embedding))
