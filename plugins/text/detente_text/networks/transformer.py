"""Attention in both players: a GPT-2 that chooses softly, word by word, and an encoder as critic.

Both are built from configurations of the transformers library, without weights of anyone's. Their blocks normalize
layers, as every transformer's do; dropout is off, because here it is a regularizer.
"""

from typing import Annotated, Any

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
    Range,
    Space,
    Stream,
    UsageError,
    Whole,
    register_layer,
)
from detente.compat import transformers
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


class Transformer(Warmed):
    """GPT-2 generator with Gumbel noise, encoder as critic.

    Attention is computed by plain matrix products ("eager"): the fast kernels have no second derivative, and gradient
    penalties need one.

    Args:
        width: of either network.
        layers: blocks of each.
        heads: of the attention; they divide the width.
        sampling: with `straight-through` whole words go to the critic and back into the generator; with `soft` soft
            ones.
        coldest: the temperature falls from 1 to this over a run.
        latent_dim: of z, which stands before the first word.
        warm_up_steps: of maximum likelihood; 0 for none.
        warm_up_batch: sentences in each.
        warm_up_lr: of Adam.
        conditional: whether both networks get the classes of the sentences, the generator beside z, the critic by a
            projection (Miyato & Koyama 2018).
    """

    called = "transformer"
    renamed = {"hard": "sampling"}

    def __init__(
        self,
        width: Count = 128,
        layers: Annotated[int, Range(least=1, most=1000)] = 2,
        heads: Count = 4,
        sampling: Sampling | bool = "straight-through",
        coldest: Positive = 0.2,
        latent_dim: Count = 32,
        warm_up_steps: Whole = 700,
        warm_up_batch: Count = 64,
        warm_up_lr: Positive = 2e-3,
        conditional: bool = False,
    ) -> None:
        if width % heads:
            raise UsageError(f"transformer: width={width} is not a multiple of heads={heads}.")
        self.conditional, self.metrics = conditional, CONDITIONAL if conditional else ()
        self.sampling: Sampling | bool = sampling
        self.width, self.layers, self.heads, self.coldest = width, layers, heads, coldest
        self.latent_dim, self.warm_up_steps = latent_dim, warm_up_steps
        self.warm_up_batch, self.warm_up_lr = warm_up_batch, warm_up_lr
        self.starts_good = warm_up_steps > 0

    def build(self, space: Space) -> Networks:
        length, symbols = sentence_shape(space, self.called)
        shape, classes = (length, symbols, self.width, self.layers, self.heads), self.classes(space)
        return Networks(
            AttentiveGenerator(*shape, self.latent_dim, Choice(self.sampling), classes), EncoderCritic(*shape, classes)
        )

    def schedule(self, networks: Networks, done: float) -> None:
        networks.generator.get_submodule("choice").temperature = annealed(done, self.coldest)  # type: ignore[assignment]

    def warm_up(self, networks: Networks, data: Data, rng: Stream, show: ProgressCallback) -> None:
        if not self.warm_up_steps:
            return
        generator = networks.generator
        assert isinstance(generator, AttentiveGenerator)
        fit_likelihood(self, generator, generator.surprise, data, rng, show)


class AttentiveGenerator(Network):
    """A GPT-2 whose first input is made of z; each chosen word is embedded as the next."""

    output_layers = ("output",)

    def __init__(
        self,
        length: int,
        symbols: int,
        width: int,
        layers: int,
        heads: int,
        latent_dim: int,
        choice: Choice,
        classes: int | None = None,
    ) -> None:
        super().__init__()
        library = transformers()
        # The library's own linear layer, whose weight lies the other way round.
        register_layer(library.pytorch_utils.Conv1D, {"weight": 1})
        self.length = length
        self.beside = None if classes is None else ClassBeside(classes, latent_dim)
        self.start = nn.Linear(latent_dim * (1 if classes is None else 2), width)
        self.embed = nn.Linear(symbols, width, bias=False)
        self.body = library.GPT2Model(
            library.GPT2Config(
                vocab_size=1, n_positions=length, n_embd=width, n_layer=layers, n_head=heads,
                resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="eager", use_cache=True,
                bos_token_id=None, eos_token_id=None,
            )
        )  # fmt: skip
        self.body.wte = nn.Identity()  # words are embedded above, softly
        self.output = nn.Linear(width, symbols)
        self.choice = choice
        nn.init.normal_(self.embed.weight, std=0.1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """[B, latent_dim] → sentences [B, L, V]; Gumbel noise is of the default generator."""
        seen, past = self._started(z, labels), transformers().DynamicCache()
        words = []
        for _ in range(self.length):
            # The cache goes by its place: its name differs between versions. It takes in each step's keys and values.
            out: Any = self.body(None, past, inputs_embeds=seen, use_cache=True)
            word = self.choice(gumbel(self.output(out.last_hidden_state[:, -1])))  # [B, V]
            words.append(word)
            seen = self.embed(word).unsqueeze(1)
        return torch.stack(words, 1)

    def _started(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """What stands before the first word, [B, 1, width]."""
        return self.start(z if self.beside is None else self.beside(z, labels)).unsqueeze(1)

    def surprise(self, z: Tensor, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        """Mean −log p(word | words before it) in nats of real sentences [B, L]."""
        before = F.embedding(tokens[:, :-1], self.embed.weight.T)
        seen = torch.cat([self._started(z, labels), before], 1)
        hidden = self.body(inputs_embeds=seen, use_cache=False).last_hidden_state
        where = counted_positions(tokens)
        return F.cross_entropy(self.output(hidden[where]), tokens[where])


class EncoderCritic(Network):
    """A BERT-like encoder of embedded words, and a logit of the mean over positions."""

    abilities = frozenset({"embed", "features"})
    input_layers = ("embed",)
    output_layers = ("head",)

    def __init__(
        self, length: int, symbols: int, width: int, layers: int, heads: int, classes: int | None = None
    ) -> None:
        super().__init__()
        library = transformers()
        self.embed = nn.Linear(symbols, width, bias=False)
        self.body = library.BertModel(
            library.BertConfig(
                vocab_size=1, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                intermediate_size=4 * width, max_position_embeddings=length, type_vocab_size=1,
                hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="eager",
                pad_token_id=None,
            ),
            add_pooling_layer=False,
        )  # fmt: skip
        self.body.embeddings.word_embeddings = nn.Identity()  # words are embedded above, softly
        self.hidden = nn.Linear(width, width)
        self.head = nn.Linear(width, 1)
        self.feature_layers = ("hidden",)
        nn.init.normal_(self.embed.weight)
        self.of_class = None if classes is None else Projection(classes, width)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """[B, L, V] → logits [B]."""
        hidden = self.body(inputs_embeds=self.embed(x)).last_hidden_state  # [B, L, width]
        described = F.gelu(self.hidden(hidden.mean(1)))
        logits = self.head(described).squeeze(1)
        return logits if self.of_class is None else logits + self.of_class(described, labels)
