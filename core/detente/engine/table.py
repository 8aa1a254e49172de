"""What the steps of one game have in common, and the keys of its draws: the same for `Game` and for anybody's loop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import torch
from torch import nn

from detente.engine.forward import Stage
from detente.engine.player import Player
from detente.engine.sample import Sample, Space, as_input, detach
from detente.engine.step import DomainLike, Moment, ObjectiveLike, Role, Step
from detente.engine.streams import Stream

ROLES: tuple[Role, ...] = ("generator", "discriminator")
Augment = Callable[[Sample, Stream], Sample]


def keys(seed: int) -> dict[str, dict[Role, Stream]]:
    """The streams of latents, of the generator's noise and of turns, by whose turn it is; `at` an update each."""
    root = Stream(seed).at("rank", 0)  # 0 in every process: draws are made for the joint batch, see `ranks`
    return {purpose: {role: root.at(purpose, role) for role in ROLES} for purpose in ("latents", "noise", "turn")}


def looks_at_samples(player: Player) -> bool:
    """Whether a player's chain may differentiate with respect to samples.

    Only who does pays for the graph of everything that is done to them.
    """
    return bool({"penalty", "rewrite"} & player.regularizer.defines())


def augmentation(discriminator: Player, domain: DomainLike) -> Augment | None:
    """What the critic sees instead of x, as the discriminator's chain has it; None for x itself."""
    if "augment" not in discriminator.regularizer.defines():
        return None

    def augment(x: Sample, stream: Stream) -> Sample:
        return discriminator.regularizer.augment(x, discriminator.moment(stream, domain))

    return augment


@dataclass(frozen=True, slots=True)
class Table:
    """Networks, objective and kind of data, which do not change from step to step; see `Step` for each."""

    generator: nn.Module
    discriminator: nn.Module
    objective: ObjectiveLike
    domain: DomainLike
    space: Space | None = None
    augment: Augment | None = None
    embedding: Stage | None = None
    features: tuple[Stage, ...] = ()
    _blank: Step = field(init=False, repr=False)
    """What is the same in every step; copying it takes a third of the time of making one."""

    def __post_init__(self) -> None:
        nobody = Moment(0, Stream(0), self.domain, 0.0)
        blank = Step(
            turn="discriminator",
            generator=self.generator,
            discriminator=self.discriminator,
            objective=self.objective,
            domain=self.domain,
            real=(),
            fake=(),
            z=(),
            labels=None,
            m=nobody,
            augment=self.augment,
            root=nobody.rng,
            noise=nobody.rng,
            space=self.space,
            embedding=self.embedding,
            features=self.features,
        )
        object.__setattr__(self, "_blank", blank)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The embedding, if it is read, and the features."""
        return self.features if self.embedding is None else (self.embedding, *self.features)

    def step(
        self,
        player: Player,
        rng: Stream,
        real: Sample,
        fake: Sample,
        z: Sample,
        labels: torch.Tensor | None,
        noise: Stream,
        as_leaves: bool,
        autocast: torch.dtype | None = None,
    ) -> Step:
        """The step of a player's next update; see `Step`.

        Args:
            rng: the stream of this turn.
            as_leaves: whether samples become leaves of the graph; the generator's own fakes stay attached to it.
        """
        own = player.role == "generator"
        return self._blank.having(
            turn=player.role,
            real=as_input(real) if as_leaves else real,
            fake=fake if own else (as_input if as_leaves else detach)(fake),
            z=z,
            labels=labels,
            m=player.moment(rng, self.domain),
            root=rng,
            noise=noise,
            autocast=autocast,
            _shared={},
            _calls=count(),
        )
