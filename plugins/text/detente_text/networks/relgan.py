"""A recurrent generator with Gumbel noise against a convolutional critic, in the manner of RelGAN (Nie et al. 2019)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import (
    ClassBeside,
    Count,
    Data,
    Network,
    Networks,
    Positive,
    ProgressCallback,
    Projection,
    Space,
    Stream,
    Whole,
)
from detente_text.networks.conditions import CONDITIONAL
from detente_text.networks.sampling import (
    Choice,
    Sampling,
    annealed,
    counted_positions,
    gumbel,
    sentence_shape,
)
from detente_text.networks.warmup import Warmed, fit_likelihood

SLOPE = 0.2


class RelGAN(Warmed):
    """Recurrent generator with Gumbel noise, convolutional critic.

    RelGAN's relational memory is an LSTM cell here, and its 64 embedded views are one: what is left is a GAN for
    sentences that trains on one core. The generator is warmed up by maximum likelihood, so that the warm-up alone is
    the row that any adversarial training has to beat.

    Args:
        width: of the generator's cell.
        embedding: numbers per word, in either network.
        maps: filters of each size in the critic.
        sampling: with `straight-through` whole words go to the critic and back into the cell; with `soft` soft ones.
        coldest: the temperature falls from 1 to this over a run.
        latent_dim: of z, which the cell starts from.
        warm_up_steps: of maximum likelihood; 0 for none.
        warm_up_batch: sentences in each.
        warm_up_lr: of Adam.
        conditional: whether both networks get the classes of the sentences, the generator beside z, the critic by a
            projection (Miyato & Koyama 2018).
    """

    called = "relgan"
    renamed = {"hard": "sampling"}

    def __init__(
        self,
        width: Count = 192,
        embedding: Count = 64,
        maps: Count = 64,
        sampling: Sampling | bool = "straight-through",
        coldest: Positive = 0.2,
        latent_dim: Count = 32,
        warm_up_steps: Whole = 1100,
        warm_up_batch: Count = 32,
        warm_up_lr: Positive = 5e-3,
        conditional: bool = False,
    ) -> None:
        self.conditional, self.metrics = conditional, CONDITIONAL if conditional else ()
        self.sampling: Sampling | bool = sampling
        self.width, self.embedding, self.maps, self.coldest = width, embedding, maps, coldest
        self.latent_dim, self.warm_up_steps = latent_dim, warm_up_steps
        self.warm_up_batch, self.warm_up_lr = warm_up_batch, warm_up_lr
        self.starts_good = warm_up_steps > 0

    def build(self, space: Space) -> Networks:
        length, symbols = sentence_shape(space, self.called)
        choice, classes = Choice(self.sampling), self.classes(space)
        return Networks(
            RecurrentGenerator(length, symbols, self.width, self.embedding, self.latent_dim, choice, classes),
            ConvolutionalCritic(length, symbols, self.embedding, self.maps, classes),
        )

    def schedule(self, networks: Networks, done: float) -> None:
        networks.generator.get_submodule("choice").temperature = annealed(done, self.coldest)  # type: ignore[assignment]

    def warm_up(self, networks: Networks, data: Data, rng: Stream, show: ProgressCallback) -> None:
        if not self.warm_up_steps:
            return
        generator = networks.generator
        assert isinstance(generator, RecurrentGenerator)
        fit_likelihood(self, generator, generator.surprise, data, rng, show)


class RecurrentGenerator(Network):
    """Word by word: the cell's state → logits → a choice, whose embedding is the cell's next input."""

    output_layers = ("output",)

    def __init__(
        self,
        length: int,
        symbols: int,
        width: int,
        embedding: int,
        latent_dim: int,
        choice: Choice,
        classes: int | None = None,
    ) -> None:
        super().__init__()
        self.length = length
        self.beside = None if classes is None else ClassBeside(classes, latent_dim)
        self.start = nn.Linear(latent_dim * (1 if classes is None else 2), width)
        self.embed = nn.Linear(symbols, embedding, bias=False)
        self.begin = nn.Parameter(torch.zeros(embedding))
        self.cell = nn.LSTMCell(embedding, width)
        self.output = nn.Linear(width, symbols)
        self.choice = choice
        nn.init.normal_(self.embed.weight, std=0.1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """[B, latent_dim] → sentences [B, L, V]; Gumbel noise is of the default generator."""
        h = self._started(z, labels)
        state = h, torch.zeros_like(h)
        seen = self.begin.expand(len(z), -1)
        words = []
        for _ in range(self.length):
            state = self.cell(seen, state)
            word = self.choice(gumbel(self.output(state[0])))  # [B, V]
            words.append(word)
            seen = self.embed(word)
        return torch.stack(words, 1)

    def _started(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """The cell's first state, [B, width]."""
        return self.start(z if self.beside is None else self.beside(z, labels)).tanh()

    def surprise(self, z: Tensor, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        """Mean −log p(word | words before it) in nats of real sentences [B, L]."""
        h = self._started(z, labels)
        state = h, torch.zeros_like(h)
        table = self.embed.weight.T  # [V, E]
        before = F.embedding(tokens[:, :-1], table)
        seen = torch.cat([self.begin.expand(len(tokens), 1, -1), before], 1)
        hidden = []
        for word in seen.unbind(1):
            state = self.cell(word, state)
            hidden.append(state[0])
        where = counted_positions(tokens)
        return F.cross_entropy(self.output(torch.stack(hidden, 1)[where]), tokens[where])


class ConvolutionalCritic(Network):
    """Filters over 2 to 5 embedded words, the strongest answer of each, one hidden layer (Kim 2014)."""

    abilities = frozenset({"embed", "features"})
    input_layers = ("embed",)
    output_layers = ("head",)

    def __init__(self, length: int, symbols: int, embedding: int, maps: int, classes: int | None = None) -> None:
        super().__init__()
        self.embed = nn.Linear(symbols, embedding, bias=False)
        sizes = [size for size in (2, 3, 4, 5) if size <= length]
        self.filters = nn.ModuleList(nn.Conv1d(embedding, maps, size) for size in sizes)
        self.hidden = nn.Linear(maps * len(sizes), 2 * maps)
        self.head = nn.Linear(2 * maps, 1)
        self.feature_layers = (*(f"filters.{i}" for i in range(len(sizes))), "hidden")
        nn.init.normal_(self.embed.weight)  # a one-hot word is to have entries of the unit scale
        for parameters in (*(layer.parameters() for layer in self.filters), self.hidden.parameters()):
            weight, bias = parameters
            nn.init.kaiming_normal_(weight, a=SLOPE)
            nn.init.zeros_(bias)
        self.of_class = None if classes is None else Projection(classes, 2 * maps)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """[B, L, V] → logits [B]."""
        h = self.embed(x).transpose(1, 2)  # [B, E, L]
        strongest = [F.leaky_relu(layer(h), SLOPE).amax(2) for layer in self.filters]
        described = F.leaky_relu(self.hidden(torch.cat(strongest, 1)), SLOPE)
        logits = self.head(described).squeeze(1)
        return logits if self.of_class is None else logits + self.of_class(described, labels)


class NullControl(RelGAN):
    """RelGAN under a critic that returns a constant: the generator gets no signal, and scores what the warm-up does.

    What an arm gains must be more than what changes here, where it cannot learn anything. Options are RelGAN's.
    """

    def build(self, space: Space) -> Networks:
        return Networks(super().build(space).generator, _Constant())


class _Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """[B, L, V] → one number for all, [B], whose gradient in x is zero."""
        return self.level + 0 * x[:, 0, 0]
