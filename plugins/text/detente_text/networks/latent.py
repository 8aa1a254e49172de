"""A GAN on the codes of an autoencoder, in the manner of ARAE (Zhao et al. 2018).

The warm-up trains an autoencoder and freezes it. The generator is a perceptron from latents to codes with the frozen
decoder behind it; the critic is the frozen encoder with a perceptron behind it. Both play on sentences, as any model
here does, while what they learn lives on codes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import (
    ClassBeside,
    Count,
    Data,
    Network,
    Networks,
    NonNegative,
    Positive,
    ProgressCallback,
    Projection,
    Space,
    Stream,
    Whole,
)
from detente_text.networks.conditions import CONDITIONAL
from detente_text.networks.sampling import Choice, Sampling, annealed, counted_positions, sentence_shape
from detente_text.networks.warmup import Warmed, fit

SLOPE = 0.2


class Latent(Warmed):
    """Adversary on the codes of an autoencoder.

    Unlike ARAE's, the autoencoder does not train on while the adversaries play, and the critic sees what the encoder
    makes of generated sentences, not their codes: it plays on samples, so that every regularizer means what it says.

    Args:
        code: numbers in a code; codes have length 1.
        width: of the autoencoder's cells and of both perceptrons.
        embedding: numbers per word.
        sampling: with `straight-through` whole words go to the critic; with `soft` soft ones.
        coldest: the temperature falls from 1 to this over a run.
        noise: standard deviation of what is added to codes while the autoencoder trains, which smooths them.
        latent_dim: of z.
        warm_up_steps: of the autoencoder; 0 for none, which leaves it random.
        warm_up_batch: sentences in each.
        warm_up_lr: of Adam.
        conditional: whether both networks get the classes of the sentences, the generator beside z, the critic by a
            projection (Miyato & Koyama 2018).
    """

    called = "latent"
    renamed = {"hard": "sampling"}

    def __init__(
        self,
        code: Count = 64,
        width: Count = 192,
        embedding: Count = 64,
        sampling: Sampling | bool = "straight-through",
        coldest: Positive = 0.5,
        noise: NonNegative = 0.1,
        latent_dim: Count = 32,
        warm_up_steps: Whole = 1200,
        warm_up_batch: Count = 64,
        warm_up_lr: Positive = 3e-3,
        conditional: bool = False,
    ) -> None:
        self.conditional, self.metrics = conditional, CONDITIONAL if conditional else ()
        self.sampling: Sampling | bool = sampling
        self.code, self.width, self.embedding, self.coldest = code, width, embedding, coldest
        self.noise, self.latent_dim, self.warm_up_steps = noise, latent_dim, warm_up_steps
        self.warm_up_batch, self.warm_up_lr = warm_up_batch, warm_up_lr

    def build(self, space: Space) -> Networks:
        length, symbols = sentence_shape(space, self.called)
        classes = self.classes(space)
        decoder = Decoder(length, symbols, self.code, self.width, self.embedding, Choice(self.sampling))
        decoder.requires_grad_(False)
        encoder = Encoder(symbols, self.code, self.width, self.embedding).requires_grad_(False)
        return Networks(
            CodeGenerator(self.latent_dim, self.width, self.code, decoder, classes),
            CodeCritic(encoder, self.width, self.code, classes),
        )

    def schedule(self, networks: Networks, done: float) -> None:
        networks.generator.get_submodule("decoder.choice").temperature = annealed(  # type: ignore[assignment]
            done, self.coldest
        )

    def warm_up(self, networks: Networks, data: Data, rng: Stream, show: ProgressCallback) -> None:
        if not self.warm_up_steps:
            return
        encoder = networks.discriminator.get_submodule("embed")
        decoder = networks.generator.get_submodule("decoder")
        assert isinstance(encoder, Encoder) and isinstance(decoder, Decoder)
        parameters = [*encoder.parameters(), *decoder.parameters()]
        first, draws = parameters[0], rng.at("noise").generator()
        for p in parameters:
            p.requires_grad_(True)

        def loss(tokens: Tensor, labels: Tensor | None) -> Tensor:  # codes say what class a sentence is of
            codes = encoder.of_words(F.embedding(tokens, encoder.embed.weight.T))
            noise = torch.randn(codes.shape, generator=draws).to(first)
            return decoder.surprise(codes + self.noise * noise, tokens)

        fit(parameters, loss, data, rng, show, self, first.device)
        for p in parameters:
            p.requires_grad_(False)


class Encoder(nn.Module):
    """Sentences → codes of length 1: an LSTM cell, read at the last position.

    A cell, not cuDNN's whole network, which has no second derivative.
    """

    def __init__(self, symbols: int, code: int, width: int, embedding: int) -> None:
        super().__init__()
        self.embed = nn.Linear(symbols, embedding, bias=False)
        self.cell = nn.LSTMCell(embedding, width)
        self.project = nn.Linear(width, code)
        nn.init.normal_(self.embed.weight, std=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, L, V] → [B, code]."""
        return self.of_words(self.embed(x))

    def of_words(self, x: Tensor) -> Tensor:
        """Embedded words [B, L, E] → [B, code]; read backwards, so that the end's padding is forgotten first."""
        state = None
        for word in x.flip(1).unbind(1):
            state = self.cell(word, state)
        assert state is not None, "a sentence has a word"
        return F.normalize(self.project(state[0]), dim=1)


class Decoder(nn.Module):
    """Codes → sentences: an LSTM cell that sees the code at every step and takes the likeliest word."""

    def __init__(self, length: int, symbols: int, code: int, width: int, embedding: int, choice: Choice) -> None:
        super().__init__()
        self.length = length
        self.start = nn.Linear(code, width)
        self.embed = nn.Linear(symbols, embedding, bias=False)
        self.begin = nn.Parameter(torch.zeros(embedding))
        self.cell = nn.LSTMCell(embedding + code, width)
        self.output = nn.Linear(width, symbols)
        self.choice = choice
        nn.init.normal_(self.embed.weight, std=0.1)

    def forward(self, code: Tensor) -> Tensor:
        """[B, code] → sentences [B, L, V]; all chance is in the code."""
        h = self.start(code).tanh()
        state = h, torch.zeros_like(h)
        seen = self.begin.expand(len(code), -1)
        words = []
        for _ in range(self.length):
            state = self.cell(torch.cat([seen, code], 1), state)
            word = self.choice(self.output(state[0]))
            words.append(word)
            seen = self.embed(word)
        return torch.stack(words, 1)

    def surprise(self, code: Tensor, tokens: Tensor) -> Tensor:
        """Mean −log p(word | words before it, code) in nats of real sentences [B, L]."""
        h = self.start(code).tanh()
        state = h, torch.zeros_like(h)
        before = F.embedding(tokens[:, :-1], self.embed.weight.T)
        hidden = []
        for word in torch.cat([self.begin.expand(len(tokens), 1, -1), before], 1).unbind(1):
            state = self.cell(torch.cat([word, code], 1), state)
            hidden.append(state[0])
        where = counted_positions(tokens)
        return F.cross_entropy(self.output(torch.stack(hidden, 1)[where]), tokens[where])


class CodeGenerator(Network):
    """Latents → codes of length 1 → the frozen decoder's sentences."""

    output_layers = ("out",)

    def __init__(self, latent_dim: int, width: int, code: int, decoder: Decoder, classes: int | None = None) -> None:
        super().__init__()
        self.beside = None if classes is None else ClassBeside(classes, latent_dim)
        self.first = nn.Linear(latent_dim * (1 if classes is None else 2), width)
        self.second = nn.Linear(width, width)
        self.out = nn.Linear(width, code)
        self.decoder = decoder

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """[B, latent_dim] → [B, L, V]."""
        h = F.leaky_relu(self.first(z if self.beside is None else self.beside(z, labels)), SLOPE)
        h = F.leaky_relu(self.second(h), SLOPE)
        return self.decoder(F.normalize(self.out(h), dim=1))


class CodeCritic(Network):
    """The frozen encoder, whose codes are the embedding, and a perceptron on them."""

    abilities = frozenset({"embed", "features"})
    feature_layers = ("first", "second")
    output_layers = ("head",)

    def __init__(self, encoder: Encoder, width: int, code: int, classes: int | None = None) -> None:
        super().__init__()
        self.embed = encoder
        self.first, self.second = nn.Linear(code, width), nn.Linear(width, width)
        self.head = nn.Linear(width, 1)
        self.of_class = None if classes is None else Projection(classes, width)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """[B, L, V] → logits [B]."""
        described = F.leaky_relu(self.second(F.leaky_relu(self.first(self.embed(x)), SLOPE)), SLOPE)
        logits = self.head(described).squeeze(1)
        return logits if self.of_class is None else logits + self.of_class(described, labels)
