"""The game of two players. `Game.step` is the training step: read it aloud."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from detente.engine.forward import call, embedding_stage, feature_stages
from detente.engine.player import Player
from detente.engine.sample import Batch, Sample, Space, batch_size, leaves, to
from detente.engine.step import DomainLike, ObjectiveLike, Role, Step
from detente.engine.streams import Stream
from detente.engine.table import Table, augmentation, keys, looks_at_samples
from detente.errors import UsageError

Auxiliary = Callable[[Step], dict[str, Tensor]]
Watch = Callable[[Player, Step], None]
Latents = Callable[[int, torch.Generator], Sample]


class Fakes(NamedTuple):
    """Generated samples, what they were generated from, and the key of the noise inside the generator."""

    x: Sample
    z: Sample
    noise: Stream


class Game:
    """Two players, their adversarial loss, and the order of their updates.

    Args:
        generator, discriminator: the players.
        objective: the adversarial loss.
        domain: the kind of data.
        latents: a function that draws z for a number of samples with a random generator, on its device.
        space: the leaves of a sample; None where every leaf has its channels last.
        seed: the random seed; equal seeds give equal runs.
        critic_steps: updates of the discriminator per update of the generator.
        generator_first: whether the generator is updated before the discriminator.
        simultaneous: whether both gradients are computed before either player is updated.
        fresh_fakes: whether the generator's update uses new fakes; by default it uses those of the discriminator's last
            update, once.
        auxiliary: further terms of the generator's loss, by name, that the model defines.
        autocast: the dtype that networks compute in; losses and penalties stay in float32.

    Raises:
        UsageError: the players share a parameter, or the options contradict each other.
    """

    def __init__(
        self,
        generator: Player,
        discriminator: Player,
        objective: ObjectiveLike,
        domain: DomainLike,
        latents: Latents,
        *,
        space: Space | None = None,
        seed: int = 0,
        critic_steps: int = 1,
        generator_first: bool = False,
        simultaneous: bool = False,
        fresh_fakes: bool = False,
        auxiliary: Auxiliary | None = None,
        autocast: torch.dtype | None = None,
    ) -> None:
        shared = {id(p) for p in generator.parameters} & {id(p) for p in discriminator.parameters}
        if shared:
            raise UsageError(
                f"generator and discriminator share {len(shared)} parameter(s); they must be separate networks."
            )
        if critic_steps < 1 or (simultaneous and critic_steps != 1):
            raise UsageError(
                f"critic_steps={critic_steps}: "
                + ("simultaneous updates take exactly one." if simultaneous else "there must be at least one.")
            )
        self.generator, self.discriminator = generator, discriminator
        self.objective, self.domain, self.space, self.latents = objective, domain, space, latents
        self.critic_steps, self.simultaneous, self.fresh_fakes = critic_steps, simultaneous, fresh_fakes
        self.generator_first = generator_first and not simultaneous
        self.auxiliary, self.autocast = auxiliary, autocast
        self.watch: Watch | None = None
        """Looks at a player and its step between gradients and apply; may neither change nor keep any of it."""
        self._streams = keys(seed)
        looks_in = objective.differentiates_samples or auxiliary is not None
        self._differentiates = {
            player.role: looks_in or looks_at_samples(player) for player in (generator, discriminator)
        }
        net = discriminator.network
        links = (*generator.regularizer.links, *discriminator.regularizer.links)
        needs = {need for link in links for need in link.needs}  # a stage costs every forward, asked for or not
        self._table = Table(
            generator.network,
            net,
            objective,
            domain,
            space,
            augmentation(discriminator, domain),
            embedding_stage(net) if auxiliary is not None or "embed" in needs else None,
            feature_stages(net) if auxiliary is not None or "features" in needs else (),
        )

    def step(self, *batches: Batch) -> dict[str, Tensor]:
        """One step: `critic_steps` updates of the discriminator, one batch each, and one of the generator.

        Returns the last value of every term as detached scalars on the device, "D/adversarial", "G/adversarial",
        "D/r1", …, without waiting for them.
        """
        if len(batches) != self.critic_steps:
            raise UsageError(
                f"a step takes {self.critic_steps} batch(es), one per critic step, but got {len(batches)}."
            )
        D, G, last = self.discriminator, self.generator, batches[-1]
        if self.simultaneous:
            fakes = self._generate(D, last, attached=True)
            self._gradients(D, last, fakes)
            self._gradients(G, last, fakes)
            D.apply()
            G.apply()
        elif self.generator_first:
            self._gradients(G, last, self._generate(G, last, attached=True))
            G.apply()
            for batch in batches:
                self._gradients(D, batch, self._generate(D, batch))
                D.apply()
        else:
            reused = None
            for batch in batches:
                fakes = self._generate(D, batch, attached=batch is last and not self.fresh_fakes)
                self._gradients(D, batch, fakes)
                D.apply()
                reused = None if self.fresh_fakes else fakes
            self._gradients(G, last, reused or self._generate(G, last, attached=True))
            G.apply()
        return self.terms()

    def _generate(self, player: Player, batch: Batch, attached: bool = False) -> Fakes:
        """Fakes for a player's turn, one per real sample; attached to the generator or not."""
        role, t = player.role, player.t
        first = leaves(batch.x)[0]
        z = self.latents(batch_size(batch.x), self._streams["latents"][role].at(t).generator(first.device))
        if leaves(z)[0].dtype != first.dtype:
            z = to(z, dtype=first.dtype)
        noise = self._streams["noise"][role].at(t)
        with torch.set_grad_enabled(attached):
            x = call(self.generator.network, z, batch.labels, noise, records=True, autocast=self.autocast)
        return Fakes(x, z, noise)

    def _gradients(self, player: Player, batch: Batch, fakes: Fakes) -> None:
        """One turn up to the gradients: the step, the loss, the penalties, backward. The step is gone afterwards."""
        step, own = self._step(player, batch, fakes), player.role == "generator"
        player.gradients(step, step.loss, self.auxiliary(step) if own and self.auxiliary else None)
        if self.watch is not None:
            self.watch(player, step)

    def player(self, role: Role) -> Player:
        """The player of that role."""
        return {"generator": self.generator, "discriminator": self.discriminator}[role]

    def look(self, role: Role, batch: Batch) -> Step:
        """The step of the player's next update on this batch, with new fakes; nothing is updated."""
        player = self.player(role)
        return self._step(player, batch, self._generate(player, batch, attached=role == "generator"))

    def _step(self, player: Player, batch: Batch, fakes: Fakes) -> Step:
        return self._table.step(
            player,
            self._streams["turn"][player.role].at(player.t),
            batch.x,
            fakes.x,
            fakes.z,
            batch.labels,
            fakes.noise,
            self._differentiates[player.role],
            self.autocast,
        )

    def terms(self) -> dict[str, Tensor]:
        """The last value of each term of either player, a scalar each."""
        return {
            f"{letter}/{name}": value
            for letter, player in (("D", self.discriminator), ("G", self.generator))
            for name, (value, _) in player.last.items()
        }

    def state_dict(self) -> dict[str, Any]:
        """Both players; the random streams have no state."""
        return {"generator": self.generator.state_dict(), "discriminator": self.discriminator.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of `state_dict`, so that training continues identically."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
