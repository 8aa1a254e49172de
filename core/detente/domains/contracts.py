"""The interfaces that a plugin implements: Domain, Model, Data, Metric.

A domain is a kind of data: how to display and score samples. Data is one data set of a domain, a model is a pair of
networks for it, a metric is a way to score samples. None of them depends on a regularizer, and regularizers only use
what is defined here.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from detente.domains.brought import Brought
from detente.domains.primary import Direction, Primary
from detente.engine.options import Component
from detente.engine.sample import Augmentation, Batch, Sample, Space, batch_size, each, leaves, rows
from detente.engine.step import Step
from detente.engine.streams import Stream

ProgressCallback = Callable[[int, int], None]
"""Told how much is done, and of how much."""

_ROWS = 256


class Networks(NamedTuple):
    """A generator and a discriminator, plain modules without a shared parameter.

    The generator maps latents (and labels) to samples, the discriminator samples (and labels) to logits: [B],
    [B, positions...] or a tuple of those. Either may state what else it has, in the attributes of `detente.Network`: a
    sample-shaped embedding or intermediate features of a discriminator, inner latents of a generator, and the layers
    that make logits or samples, which normalization and dropout leave alone (otherwise the last). What neither player
    trains (a decoder from the warm-up, a reward) is a submodule of either with `requires_grad` off: it is saved, cached
    and deployed with the rest, and regularizers leave it alone.
    """

    generator: nn.Module
    discriminator: nn.Module


class Data(Component, ABC):
    """One data set, packed in tensors: what the generator trains on, and disjoint real data to measure against."""

    space: Space
    description: str = ""
    licence: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()
    """Notes for the user, one sentence each: skipped files, scores that are left out."""

    @abstractmethod
    def __len__(self) -> int:
        """How many samples there are to train on."""

    @abstractmethod
    def batch(self, index: Tensor) -> Batch:
        """The training samples at `index` [B], encoded as floating point, with labels where there are any."""

    @abstractmethod
    def held_out(self) -> Sample:
        """Encoded real samples [n, ...] that no generator trains on: the ceiling is their score."""

    def real(self, n: int) -> Sample:
        """`n` encoded real samples [n, ...] for the ceiling, none of them twice, or as many as there are.

        The first held-out ones; data that can be drawn anew also draw what goes beyond those.
        """
        return rows(self.held_out(), slice(0, n))

    def real_labels(self, n: int) -> Tensor | None:
        """The labels [n, ...] of `real(n)`, for scores that compare samples with them; None where they are unknown."""
        return None

    @abstractmethod
    def reference(self) -> Sample:
        """Encoded real samples [n, ...] that scores compare with, disjoint from all others."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """A hash of the content and of every option that changes it, for caches and the run's record."""

    def conditions(self, n: int, rng: Stream) -> Tensor | None:
        """Labels [n, ...] for `n` samples to be evaluated: those of random training samples, or None."""
        index = torch.randint(len(self), (n,), generator=rng.generator())
        parts = [self.batch(part).labels for part in index.split(_ROWS)]
        given = [part for part in parts if part is not None]
        return torch.cat(given) if given else None


class Model(Component, ABC):
    """Two networks for a kind of data. The constructor's signature defines its options."""

    latent_dim: int = 64
    conditional: bool = False
    """Whether the networks take labels."""
    mixes_samples: bool = False
    """Whether the discriminator looks at several samples together on purpose, as packing does."""
    starts_good: bool = False
    """Whether the warm-up alone gives a usable generator, whose samples are then the baseline row."""
    warms_players: bool = True
    """Whether the warm-up trains parameters that the players keep training; False if it trains only frozen parts."""
    metrics: tuple[str, ...] = ()
    """Names of registered metrics that say something of this model, beyond those of its domain."""
    primary: Primary | None = None
    """The score that carries comparisons of this model, where that of the domain says little about it; see `Domain`."""
    command: str = ""
    """The command that uses a generator whose condition is data, with {folder} for it: `detente vocode {folder} …`."""

    def view(self, data: Data) -> Data:
        """The data in the form that this model uses; by default unchanged."""
        return data

    @abstractmethod
    def build(self, space: Space) -> Networks:
        """Fresh networks, initialized from the default random generator, which the caller has seeded."""

    def latents(self, n: int, generator: torch.Generator) -> Sample:
        """z for `n` samples, [n, latent_dim], standard normal unless a model says otherwise."""
        return torch.randn(n, self.latent_dim, generator=generator, device=generator.device)

    def auxiliary(self, s: Step) -> dict[str, Tensor]:
        """Further terms of the generator's loss, a scalar each, by name; called in the generator's update."""
        return {}

    def warm_up(self, networks: Networks, data: Data, rng: Stream, show: ProgressCallback) -> None:
        """Train something before the game, in place; nothing by default.

        Only the networks carry the result: their tensors are cached, by a hash of all that they depend on, and shared
        by runs that start alike. So nothing may depend on what else this method did.

        Args:
            networks: fresh, on their device.
            data: what the game will be played on.
            rng: where every draw comes from.
            show: to be called now and then with how much is done, and of how much.
        """

    def schedule(self, networks: Networks, done: float) -> None:
        """Set what changes over a run, such as a temperature, from the fraction of its steps that is done."""


@dataclass
class Evaluation:
    """Samples to be scored, with everything that metrics share about them."""

    samples: Sample
    data: Data
    domain: "Domain"
    rng: Stream = field(default_factory=lambda: Stream(0).at("evaluation"))
    labels: Tensor | None = None
    """The condition that each sample was made under, [n, ...], or, of real ones, that they have; None for none."""

    @property
    def n(self) -> int:
        """How many samples there are."""
        return batch_size(self.samples)

    @cached_property
    def features(self) -> Tensor:
        """[n, d], float64."""
        return self.domain.measured(self.samples).double()

    @cached_property
    def reference_features(self) -> Tensor:
        """[m, d], float64; computed once per data set."""
        return self.domain.reference_features(self.data)


class Metric(Component, ABC):
    """A way to score samples. `scores` names what it returns and which direction is better.

    `renamed_scores` maps names that scores had until the last release to those that they have: an old name still works,
    with a warning.
    """

    scores: Mapping[str, Direction]
    renamed_scores: Mapping[str, str] = {}

    @abstractmethod
    def __call__(self, e: Evaluation) -> dict[str, float]:
        """One number for each name in `scores`; NaN if it cannot be computed."""


class Domain(Component, ABC):
    """A kind of data. `metrics` are names of registered metrics; every recipe of the domain evaluates them."""

    name: str
    primary: Primary
    metrics: tuple[str, ...] = ()
    augmentations: Mapping[str, Augmentation] = {}
    preview_suffix: str = ".txt"
    preview_count: int = 64
    """Samples in a preview."""
    preview_row: int = 8
    """How many of them stand side by side; of a model that takes classes, a row each has samples of one class."""
    refuses: bool = True
    """Whether ill-posed combinations are refused; toys refuse nothing, because theory is about ill-posed games too."""
    sample_count: int = 1000
    """Samples per evaluation, the same for generators, floor and ceiling."""

    brought: Brought | None = None

    def __init__(self) -> None:
        self._reference: dict[str, Tensor] = {}

    @property
    def features_identity(self) -> str:
        """A hash of what features are made with, such as the weights of an extractor; empty where there is nothing.

        Stands in the record of runs and studies: scores on other features are not compared.
        """
        return ""

    def measured(self, x: Sample) -> Tensor:
        """The features [n, d] that scores are measured on: of the extractor that the user brings, else the domain's."""
        return self.features(x) if self.brought is None else self.brought(self.for_extractors(x))

    @property
    def measured_identity(self) -> str:
        """A hash of what they are made with."""
        return self.features_identity if self.brought is None else self.brought.identity

    def measure_on(self, brought: Brought) -> None:
        """Measure on the features of a network of the user's from now on."""
        self.brought, self._reference = brought, {}

    def for_extractors(self, x: Sample) -> Sample:
        """Samples [n, ...] as published extractors take them; as they are unless a domain says otherwise."""
        return x

    @abstractmethod
    def features(self, x: Sample) -> Tensor:
        """Features [n, d] of samples for distances and densities, from a frozen extractor, in bounded memory."""

    @abstractmethod
    def preview(self, x: Sample, path: Path) -> None:
        """Write samples [n, ...] to `path`, which ends in `preview_suffix`, in a form to look at, read or listen to.

        If one file is not enough (sounds and pictures of them), write others beside it, with names that begin with the
        stem of `path` and a hyphen; they are shown in the order of their names.
        """

    def save(self, x: Sample, folder: Path) -> list[Path]:
        """Write samples [n, ...] as data for other programs, flat into an existing folder; the files.

        By default `samples.npz` with one array per leaf: `x`, or `x0`, `x1`, … of several.
        """
        path = folder / "samples.npz"
        import numpy as np  # the engine and its toys do without

        arrays = [leaf.detach().float().cpu().numpy() for leaf in leaves(x)]
        named = {"x": arrays[0]} if len(arrays) == 1 else {f"x{i}": array for i, array in enumerate(arrays)}
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **named)
        return [path]

    def content(self, x: Sample) -> Mapping[str, Any]:
        """Samples as people use them, by the attribute that shows them: `{"text": […]}`; nothing by default."""
        return {}

    def usable(self, x: Sample) -> Tensor:
        """Which samples are worth keeping, bool [n]: others are drawn for the rest. Those that are finite, by default.

        Scores count every sample; this is about what somebody takes away.
        """
        return torch.stack([leaf.isfinite().flatten(1).all(1) for leaf in leaves(x)]).all(0)

    def diagnosis(self, x: Sample) -> str:
        """What is wrong with every one of these samples [n, ...], why, and what to do about it; by default nothing.

        Said where a run ends so: `no valid molecule among 1,000: 803 have an atom with too many bonds, …`.
        """
        return ""

    @abstractmethod
    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Sample:
        """`n` samples [n, ...] of a simple, not adversarial model of the training data."""

    def meet(self, space: Space) -> None:
        """Receive the space, such as the symbols of a leaf, before any samples.

        Called once, with the space of the data or of an exported generator; nothing by default.
        """

    def noise_like(self, x: Sample, generator: torch.Generator) -> Sample:
        """Standard normal noise [B, ...] that preserves the structure of a sample (a bond matrix stays symmetric)."""
        return each(lambda leaf: torch.randn(leaf.shape, generator=generator, device=leaf.device, dtype=leaf.dtype), x)

    def reference_features(self, data: Data) -> Tensor:
        """Features [n, d] of the data's reference split, float64, kept for the next evaluation."""
        if data.identity not in self._reference:
            self._reference[data.identity] = self.measured(data.reference()).double()
        return self._reference[data.identity]
