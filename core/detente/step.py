"""What a penalty may look at: one turn of one player, with everything that was computed in it, once."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from detente.errors import UsageError
from detente.gradients import Logits, score
from detente.regularizer import Moment
from detente.sample import Sample, each, leaves
from detente.streams import Stream, enter, leave

if TYPE_CHECKING:
    from detente.domain import Space as SampleSpace
    from detente.objectives import Objective

Space = Literal["input", "embedding"]


def call(
    net: nn.Module,
    x: Sample,
    labels: Tensor | None,
    stream: Stream,
    *,
    records: bool = False,
    autocast: torch.dtype | None = None,
) -> Any:
    """One entry into a network: its noise comes from `stream`, and half-precision results come out as float32.

    `records` is set for the root forwards only: there normalization layers update their running statistics.
    """
    device = leaves(x)[0].device
    enter(stream, device, records)
    try:
        if autocast is None:
            return net(x) if labels is None else net(x, labels)
        with torch.autocast(device.type, autocast):
            out = net(x) if labels is None else net(x, labels)
        return each(Tensor.float, out)
    finally:
        leave()


class Stage:
    """A named submodule of a network whose output is read, or replaced, while the network runs as a whole.

    Going through the whole network keeps every hook on it in the loop, which calling its stages one by one would not.
    It listens only when it is asked to, so that no graph stays alive in it.
    """

    def __init__(self, module: nn.Module) -> None:
        self._forget()
        module.register_forward_hook(self)

    def _forget(self) -> None:
        self.listening, self.output, self.replacement = False, None, None

    def __call__(self, module: nn.Module, inputs: tuple, output: Any) -> Any:
        if self.replacement is not None:
            return self.replacement
        if self.listening:
            self.output = output
        return None

    def listen(self) -> None:
        """Keep the output of the next forward."""
        self.listening = True

    def take(self) -> Any:
        """The output that was kept; it is forgotten here."""
        output = self.output
        self._forget()
        return output

    def __deepcopy__(self, memo: dict) -> "Stage":
        """A copied network brings a stage of its own that has heard nothing."""
        copy = object.__new__(Stage)
        copy._forget()
        return copy

    @contextmanager
    def standing_in(self, value: Any) -> Iterator[None]:
        """Run the network with `value` in place of this stage's output."""
        self.replacement = value
        try:
            yield
        finally:
            self.replacement = None


def abilities(net: nn.Module) -> frozenset[str]:
    """What a network states that it can do beyond its forward: "embed", "features"."""
    return frozenset(getattr(net, "abilities", ()))


def feature_stages(net: nn.Module) -> tuple[Stage, ...]:
    """The stages whose outputs are a network's features, in the order of its `feature_layers`; none if it has none."""
    names = getattr(net, "feature_layers", ()) if "features" in abilities(net) else ()
    return tuple(Stage(net.get_submodule(name)) for name in names)


@dataclass(frozen=True)
class Step:
    """One turn, frozen. Logits are computed when they are first asked for, once, and shared by all who ask.

    Attributes:
        turn: whose turn it is.
        generator, discriminator: the networks.
        objective: the adversarial term of the game.
        domain: what kind of data it is; brings noise and augmentations that fit.
        real: a batch of data as leaves of the graph, [B, ...] per leaf.
        fake: generated samples; leaves in the discriminator's turn, attached to the generator in its own.
        z: the latents of `fake`.
        labels: the condition, [B, ...], or None.
        m: the moment of whoever looks at this step.
    """

    turn: Literal["discriminator", "generator"]
    generator: nn.Module
    discriminator: nn.Module
    objective: "Objective"
    domain: Any
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
    space: "SampleSpace | None" = None
    """The leaves of a sample; None where every leaf has its channels last."""
    embedding: Stage | None = None
    features: tuple[Stage, ...] = ()
    autocast: torch.dtype | None = None
    _shared: dict[str, Any] = field(default_factory=dict, repr=False)
    _calls: "itertools.count[int]" = field(default_factory=itertools.count, repr=False)

    def seen_by(self, name: str) -> "Step":
        """This step as the component `name` sees it: the same values, its own stream for everything that it draws."""
        return replace(self, m=self.m.of(name), _calls=itertools.count())

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
        """What each of D's feature layers makes of the reals, [B, ...], with graph.

        Raises:
            UsageError: the discriminator states no features.
        """
        return self._featured("real", self.real)

    @property
    def fake_features(self) -> tuple[Any, ...]:
        """What each of D's feature layers makes of the fakes, [B, ...], with graph."""
        return self._featured("fake", self.fake)

    def real_at(self, space: Space) -> Sample:
        """The reals where a penalty differentiates: the sample before augmentation, or D's embedding of it after."""
        return self.real if space == "input" else self._embedded("real", self.real)

    def fake_at(self, space: Space) -> Sample:
        """The fakes where a penalty differentiates."""
        return self.fake if space == "input" else self._embedded("fake", self.fake)

    def channel_axes(self, space: Space) -> tuple[int, ...]:
        """Which axis of each leaf holds channels, symbols or types; the others are batch and positions."""
        if space == "embedding" or self.space is None:
            return (-1,) * len(leaves(self.real_at(space)))
        return tuple(leaf.channel_axis for leaf in self.space.leaves)

    def critic(self, x: Sample, space: Space = "input") -> Logits:
        """D∘augment at `x`, with draws of the caller's own; with `space="embedding"`, D from that embedding on."""
        stream = self.m.rng.at("critic", next(self._calls))
        if space == "input":
            seen = self._seen(x, stream)
            return call(self.discriminator, seen, self.labels, stream, autocast=self.autocast)
        assert self.embedding is not None, "an embedding came from fake_at or real_at"
        with self.embedding.standing_in(x):
            return call(self.discriminator, self.real, self.labels, stream, autocast=self.autocast)

    def generate(self, z: Sample) -> Sample:
        """G(z) with this step's noise, so that repeated calls differ in `z` alone."""
        return call(self.generator, z, self.labels, self.noise, autocast=self.autocast)

    def losses(self) -> tuple[Tensor, Tensor]:
        """The discriminator's and the generator's loss on these samples with the fakes attached to the generator."""
        attached = self.fake if self.turn == "generator" else self.generate(self.z)
        whole = replace(self, fake=attached, _shared={"quiet": True})
        return self.objective.discriminator(whole), self.objective.generator(whole)

    def _seen(self, x: Sample, stream: Stream) -> Sample:
        return x if self.augment is None else self.augment(x, stream.at("augment"))

    def _embedded(self, which: str, x: Sample) -> Sample:
        _, embedding, _ = self._root(which, x)
        if embedding is None:
            raise UsageError(
                f"{type(self.discriminator).__name__} states no 'embed' ability, so space='embedding' has no meaning "
                "for it; use space='input'."
            )
        return embedding

    def _featured(self, which: str, x: Sample) -> tuple[Any, ...]:
        if not self.features:
            raise UsageError(
                f"{type(self.discriminator).__name__} states no 'features' ability; take out what compares features, "
                "or choose a model that has it."
            )
        return self._root(which, x)[2]

    def _root(self, which: str, x: Sample) -> tuple[Logits, Any, tuple[Any, ...]]:
        if which not in self._shared:
            if which == "fake" and self.turn == "discriminator":
                self._root("real", self.real)  # always first, so that running statistics do not depend on who asks
            stream = self.root.at(which)
            stages = (*((self.embedding,) if self.embedding else ()), *self.features)
            for stage in stages:
                stage.listen()
            with torch.enable_grad():
                seen = self._seen(x, stream)
                records = self.turn == "discriminator" and "quiet" not in self._shared
                logits = call(self.discriminator, seen, self.labels, stream, records=records, autocast=self.autocast)
            embedding = self.embedding.take() if self.embedding else None
            self._shared[which] = logits, embedding, tuple(stage.take() for stage in self.features)
        return self._shared[which]
