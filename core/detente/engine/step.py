"""What a penalty receives: one update of one player, with everything that was computed in it, once."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from detente.engine.forward import Stage, call, call_from_inner_latents
from detente.engine.gradients import Logits, score
from detente.engine.sample import Augmentation, Sample, Space, leaves
from detente.engine.streams import Stream
from detente.errors import UsageError

Role = Literal["discriminator", "generator"]
"""Which player."""
PenaltySpace = Literal["input", "embedding"]
"""Where a penalty differentiates: the sample before augmentation, or the discriminator's embedding of it after.

What each word means stands in `SPACES`.
"""


class DomainLike(Protocol):
    """What the engine and its regularizers ask of a kind of data; `detente.Domain` has it."""

    @property
    def name(self) -> str: ...
    @property
    def augmentations(self) -> Mapping[str, Augmentation]: ...
    def noise_like(self, x: Sample, generator: torch.Generator) -> Sample:
        """Standard normal noise, of the shapes of `x`, that preserves the structure of a sample."""
        ...


class ObjectiveLike(Protocol):
    """What the engine asks of an adversarial loss; `detente.Objective` has it."""

    abilities: frozenset[str]
    differentiates_samples: bool

    def discriminator(self, s: "Step") -> Tensor:
        """The discriminator's loss, a scalar."""
        ...

    def generator(self, s: "Step") -> Tensor:
        """The generator's loss, a scalar."""
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where a point is called."""

    t: int
    """Updates that this player has made, which are not the run's steps if there are several critic steps."""
    rng: Stream
    """This regularizer's own stream at this update."""
    domain: DomainLike
    lr: float
    """The learning rate of this player's optimizer."""

    def of(self, name: str) -> "Moment":
        """The same moment with the stream of the component called `name`."""
        return Moment(self.t, self.rng.at("regularizer", name), self.domain, self.lr)


@dataclass(frozen=True)
class Step:
    """One update, immutable. Logits are computed once, on first use, and shared.

    Attributes:
        turn: the player that is updated.
        generator, discriminator: the networks.
        objective: the adversarial term of the game.
        domain: the kind of data, with noise and augmentations that fit it.
        real: a batch of data, [B, ...] per leaf; leaves of the graph where a penalty or the objective may ask for it.
        fake: generated samples; likewise in the discriminator's turn, attached to the generator in its own.
        z: the latents of `fake`.
        labels: the condition, [B, ...], or None.
        m: the moment of the component that receives this step.
    """

    turn: Role
    generator: nn.Module
    discriminator: nn.Module
    objective: ObjectiveLike
    domain: DomainLike
    real: Sample
    fake: Sample
    z: Sample
    labels: Tensor | None
    m: Moment
    augment: Callable[[Sample, Stream], Sample] | None
    """What the discriminator's chain puts before it; None for nothing."""
    root: Stream
    """The stream of this turn; the root forwards draw from it."""
    noise: Stream
    """The key of the generator's noise in this step."""
    space: Space | None = None
    """The leaves of a sample; None where every leaf has its channels last."""
    embedding: Stage | None = None
    features: tuple[Stage, ...] = ()
    autocast: torch.dtype | None = None
    _shared: dict[str, Any] = field(default_factory=dict, repr=False)
    _calls: "itertools.count[int]" = field(default_factory=itertools.count, repr=False)

    def seen_by(self, name: str) -> "Step":
        """This step as the component `name` sees it: the same values, its own stream for everything that it draws."""
        return self.having(m=self.m.of(name), _calls=itertools.count())

    def having(self, **values: Any) -> "Step":
        """This step with other values: what `dataclasses.replace` gives, in a third of its time."""
        other = object.__new__(Step)
        other.__dict__.update(self.__dict__, **values)
        return other

    @property
    def real_logits(self) -> Logits:
        """D(real), with graph."""
        return self._root("real", self.real)[0]

    @property
    def fake_logits(self) -> Logits:
        """D(fake), with graph."""
        return self._root("fake", self.fake)[0]

    @property
    def real_score(self) -> Tensor:
        """[B]: mean over positions, summed over sub-critics."""
        return score(self.real_logits)

    @property
    def fake_score(self) -> Tensor:
        """[B]: mean over positions, summed over sub-critics."""
        return score(self.fake_logits)

    @property
    def known_scores(self) -> tuple[Tensor, Tensor] | None:
        """The scores of reals and fakes without their graph, [B] each, if both were asked for; computes no logits."""
        if not self._shared.keys() >= {"real", "fake"}:
            return None
        return self.real_score.detach(), self.fake_score.detach()

    @property
    def real_features(self) -> tuple[Any, ...]:
        """The output of each of D's feature layers for the real batch, [B, ...], with graph.

        Raises:
            UsageError: the discriminator declares no features.
        """
        return self._featured("real", self.real)

    @property
    def fake_features(self) -> tuple[Any, ...]:
        """The output of each of D's feature layers for the fakes, [B, ...], with graph."""
        return self._featured("fake", self.fake)

    def real_at(self, space: PenaltySpace) -> Sample:
        """The reals where a penalty differentiates: the sample before augmentation, or D's embedding of it after."""
        return SPACES[space].seen(self, "real", self.real)

    def fake_at(self, space: PenaltySpace) -> Sample:
        """The fakes where a penalty differentiates."""
        return SPACES[space].seen(self, "fake", self.fake)

    def channel_axes(self, space: PenaltySpace) -> tuple[int, ...]:
        """Which axis of each leaf holds channels, symbols or types; the others are batch and positions."""
        return SPACES[space].channel_axes(self)

    def critic(self, x: Sample, space: PenaltySpace = "input") -> Logits:
        """D∘augment at `x`, with draws of the caller's own; with `space="embedding"`, D from that embedding on."""
        return SPACES[space].critic(self, x, self.m.rng.at("critic", next(self._calls)))

    def critic_again(self, which: Literal["real", "fake"], x: Sample) -> Logits:
        """D∘augment at `x` with the draws of the real or of the fake logits: `x` alone makes a difference."""
        return SPACES["input"].critic(self, x, self.root.at(which))

    def generate(self, z: Sample) -> Sample:
        """G(z) with this step's noise, so that repeated calls differ in `z` alone."""
        return call(self.generator, z, self.labels, self.noise, autocast=self.autocast)

    def generate_from_inner(self, z: Sample) -> tuple[Sample, Sample]:
        """G(z) with this step's noise, and what a generator with the ability "mapping" makes it from: w, in its graph.

        For any other generator that is z itself, as a leaf of the graph.
        """
        return call_from_inner_latents(self.generator, z, self.labels, self.noise, autocast=self.autocast)

    @property
    def loss(self) -> Tensor:
        """The adversarial loss of the player whose turn it is, a scalar."""
        return {"discriminator": self.objective.discriminator, "generator": self.objective.generator}[self.turn](self)

    def losses(self) -> tuple[Tensor, Tensor]:
        """The discriminator's and the generator's loss on these samples with the fakes attached to the generator."""
        attached = self.fake if self.turn == "generator" else self.generate(self.z)
        whole = self.having(fake=attached, _shared={"quiet": True})
        return self.objective.discriminator(whole), self.objective.generator(whole)

    def _seen(self, x: Sample, stream: Stream) -> Sample:
        return x if self.augment is None else self.augment(x, stream.at("augment"))

    def _featured(self, which: str, x: Sample) -> tuple[Any, ...]:
        if not self.features:
            raise UsageError(
                f"{type(self.discriminator).__name__} has no 'features' ability, or the regularizer does not state "
                "that it needs it (needs = ('features',)). Remove the regularizer, or choose a model that has it."
            )
        return self._root(which, x)[2]

    def _root(self, which: str, x: Sample) -> tuple[Logits, Any, tuple[Any, ...]]:
        if which not in self._shared:
            if which == "fake" and self.turn == "discriminator":
                self._root("real", self.real)  # always first, so that running statistics do not depend on who asks
            stream = self.root.at(which)
            stages = self.features if self.embedding is None else (self.embedding, *self.features)
            for stage in stages:
                stage.listen()
            with torch.enable_grad():
                seen = self._seen(x, stream)
                records = self.turn == "discriminator" and "quiet" not in self._shared
                logits = call(self.discriminator, seen, self.labels, stream, records=records, autocast=self.autocast)
            embedding = self.embedding.take() if self.embedding else None
            self._shared[which] = logits, embedding, tuple(stage.take() for stage in self.features)
        return self._shared[which]


class _Input:
    """The sample before augmentation."""

    needs: tuple[str, ...] = ()

    def seen(self, s: Step, which: str, x: Sample) -> Sample:
        return x

    def channel_axes(self, s: Step) -> tuple[int, ...]:
        return (-1,) * len(leaves(s.real)) if s.space is None else tuple(leaf.channel_axis for leaf in s.space.leaves)

    def critic(self, s: Step, x: Sample, stream: Stream) -> Logits:
        return call(s.discriminator, s._seen(x, stream), s.labels, stream, autocast=s.autocast)


class _Embedding:
    """What the discriminator's submodule `embed` makes of the augmented sample; channels come last in it."""

    needs = ("embed",)

    def seen(self, s: Step, which: str, x: Sample) -> Sample:
        _, embedding, _ = s._root(which, x)
        if embedding is None:
            raise UsageError(
                f"{type(s.discriminator).__name__} has no 'embed' ability, or the regularizer does not state that it "
                "needs it (needs = ('embed',)). Choose a model that has it, or use space='input'."
            )
        return embedding

    def channel_axes(self, s: Step) -> tuple[int, ...]:
        return (-1,) * len(leaves(self.seen(s, "real", s.real)))

    def critic(self, s: Step, x: Sample, stream: Stream) -> Logits:
        assert s.embedding is not None, "an embedding came from fake_at or real_at"
        with s.embedding.standing_in(x):
            return call(s.discriminator, s.real, s.labels, stream, autocast=s.autocast)


SPACES: Mapping[PenaltySpace, _Input | _Embedding] = {"input": _Input(), "embedding": _Embedding()}
"""Where a penalty may differentiate; `needs` are the abilities that the discriminator must have for it."""
