"""Perceptrons for rows: with packing, and conditional as in CTGAN."""

import torch
from detente import (
    Count,
    Data,
    Model,
    Network,
    Networks,
    NonNegative,
    Positive,
    Sample,
    Space,
    Step,
    UsageError,
    leaves,
)
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu, one_hot, relu

from detente_tabular.columns import Category, Column, Number, columns_of
from detente_tabular.data import Rows, Sampled

Columns = tuple[Column, ...]


class RowGenerator(Network):
    """z (and a condition) → residual layers → the entries of a row.

    α of a number is a tanh; its mode, and the level of a category, are Gumbel-softmax draws (Jang et al. 2017), whose
    noise comes from the default generator, which the engine seeds.
    """

    output_layers = ("out",)

    def __init__(self, columns: Columns, latent_dim: int, width: int, temperature: float, classes: int = 0) -> None:
        super().__init__()
        self.columns, self.temperature, self.classes = columns, temperature, classes
        inputs = latent_dim + classes
        # Each layer sees the input and all layers before it.
        self.hidden = nn.ModuleList([nn.Linear(inputs, width), nn.Linear(inputs + width, width)])
        self.out = nn.Linear(inputs + 2 * width, sum(c.width for c in columns))

    def logits(self, z: Tensor, labels: Tensor | None = None) -> tuple[Tensor, ...]:
        """What the entries are made of, before anything is drawn: [B, width] for each column."""
        h = z if labels is None else torch.cat([z, one_hot(labels, self.classes).to(z.dtype)], 1)
        for layer in self.hidden:
            h = torch.cat([relu(layer(h)), h], 1)
        return self.out(h).split([c.width for c in self.columns], 1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Sample:
        return tuple(
            torch.cat([y[:, :1].tanh(), self._draw(y[:, 1:])], 1) if isinstance(c, Number) else self._draw(y)
            for c, y in zip(self.columns, self.logits(z, labels), strict=True)
        )

    def _draw(self, logits: Tensor) -> Tensor:
        # −log E of an exponential E is standard Gumbel.
        exponential = torch.empty_like(logits).exponential_().clamp_(min=torch.finfo(logits.dtype).tiny)
        return ((logits - exponential.log()) / self.temperature).softmax(1)


class PackCritic(Network):
    """Rows in packs (Lin et al. 2018, PacGAN): the logit of a row is that of the `pac` rows that it stands among."""

    output_layers = ("out",)

    def __init__(self, inputs: int, width: int, pac: int, classes: int = 0) -> None:
        super().__init__()
        self.pac, self.classes = pac, classes
        self.hidden = nn.ModuleList([nn.Linear(pac * (inputs + classes), width), nn.Linear(width, width)])
        self.out = nn.Linear(width, 1)

    def forward(self, x: Sample, labels: Tensor | None = None) -> Tensor:
        parts = leaves(x)
        if labels is not None:
            parts = (*parts, one_hot(labels, self.classes).to(parts[0].dtype))
        rows = torch.cat(parts, 1)
        if len(rows) % self.pac:
            raise UsageError(f"{len(rows)} rows make no packs of {self.pac}: let batch be a multiple of model.pac.")
        h = rows.reshape(-1, self.pac * rows.shape[1])
        for layer in self.hidden:
            h = leaky_relu(layer(h), 0.2)
        return self.out(h)[:, 0].repeat_interleave(self.pac)  # [B]


def pair(space: Space, latent_dim: int, width: int, pac: int, temperature: float, classes: int = 0) -> Networks:
    """Both networks for the rows of a space."""
    columns = columns_of(space)
    inputs = sum(c.width for c in columns)
    return Networks(
        RowGenerator(columns, latent_dim, width, temperature, classes), PackCritic(inputs, width, pac, classes)
    )


class MLP(Model):
    """Two perceptrons, without normalization and dropout: those are regularizers here.

    Args:
        width: of the two hidden layers of each network.
        latent_dim: numbers in z.
        pac: rows that the critic sees together. `pack-penalty` takes its gradient on whole packs; of the other
            penalties those on a squared gradient, such as r1, are `pac` times as strong as they are on rows.
        temperature: of the draws of modes and levels.
    """

    def __init__(
        self, width: Count = 256, latent_dim: Count = 128, pac: Count = 1, temperature: Positive = 0.2
    ) -> None:
        self.width, self.latent_dim, self.pac, self.temperature = width, latent_dim, pac, temperature
        self.mixes_samples = pac > 1

    def build(self, space: Space) -> Networks:
        return pair(space, self.latent_dim, self.width, self.pac, self.temperature)


class CTGAN(Model):
    """The networks of CTGAN (Xu et al. 2019): the same under a condition, with training-by-sampling and packs of ten.

    The generator's loss has a term `condition`: the cross entropy of the level that the condition asks for under the
    logits that are drawn from. CTGAN's batch normalization, dropout, gradient penalty and loss are in its recipe.

    Args:
        width: of the two hidden layers of each network.
        latent_dim: numbers in z.
        pac: rows that the critic sees together.
        temperature: of the draws of modes and levels.
        condition_weight: of the term in the generator's loss; the paper's is 1.
    """

    conditional = True

    def __init__(
        self,
        width: Count = 256,
        latent_dim: Count = 128,
        pac: Count = 10,
        temperature: Positive = 0.2,
        condition_weight: NonNegative = 1.0,
    ) -> None:
        self.width, self.latent_dim, self.pac, self.temperature = width, latent_dim, pac, temperature
        self.mixes_samples = pac > 1
        self.condition_weight = condition_weight

    def view(self, data: Data) -> Data:
        if not isinstance(data, Rows):
            raise UsageError(
                f"ctgan samples the rows of a table by their categories, and {type(data).__name__} is none."
            )
        return Sampled(data)

    def build(self, space: Space) -> Networks:
        return pair(space, self.latent_dim, self.width, self.pac, self.temperature, space.classes or 0)

    def auxiliary(self, s: Step) -> dict[str, Tensor]:
        if self.condition_weight == 0 or s.labels is None or not isinstance(s.generator, RowGenerator):
            return {}
        assert isinstance(s.z, Tensor), "latents are one tensor"
        raw = s.generator.logits(s.z, s.labels)
        total, first = torch.zeros((), device=s.labels.device), 0
        for column, logits in zip(s.generator.columns, raw, strict=True):
            if isinstance(column, Category):
                asked = (s.labels >= first) & (s.labels < first + column.width)
                level = (s.labels - first).clamp(0, column.width - 1)
                total = total + (cross_entropy(logits, level, reduction="none") * asked).sum()
                first += column.width
        return {"condition": self.condition_weight * total / len(s.labels)}
