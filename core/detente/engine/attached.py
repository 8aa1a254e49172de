"""Regularizers in somebody else's training loop.

    reg = attach(D, chain, optimizer=opt_d)
    with reg.turn(real, fake) as t:
        d_real, d_fake = D(t.real), D(t.fake)
        loss = hinge(d_real, d_fake) + t.penalty(d_real, d_fake)
    loss.backward()
    reg.step()

With equal networks, batches and seeds this gives the weights that `Game` gives, bit for bit: both are made of `Table`,
`Player` and `Step`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from detente.engine.absent import Absent, AbsentNetwork, AbsentObjective
from detente.engine.forward import embedding_stage, feature_stages
from detente.engine.listener import Heard, Listener
from detente.engine.network import abilities
from detente.engine.player import NO_SECOND_DERIVATIVE, Player
from detente.engine.recorded import Recorded
from detente.engine.sample import Sample, Space, each
from detente.engine.step import DomainLike, ObjectiveLike, Role
from detente.engine.table import Table, augmentation, keys, looks_at_samples
from detente.engine.turn import HALF, Turn
from detente.errors import UsageError

Forward = Callable[[nn.Module, Any, Any], Any]
_NO_LATENTS: Any = Absent("turn: this chain asks for the latents of the fakes: turn(…, z=z).")
_OTHER: dict[Role, Role] = {"generator": "discriminator", "discriminator": "generator"}


class Called(nn.Module):
    """A network as its owner calls it."""

    def __init__(self, net: nn.Module, forward: Forward) -> None:
        super().__init__()
        self.net, self._call = net, forward
        if "mapping" in abilities(net):
            self.mapping, self.abilities = net.get_submodule("mapping"), frozenset({"mapping"})

    def forward(self, x: Any, labels: Any = None) -> Any:
        return self._call(self.net, x, labels)


class Several(nn.ModuleList):
    """Networks that are one player: a discriminator of several parts, each called by itself or all together here."""

    def forward(self, x: Any, labels: Any = None) -> Any:
        """The logits of each part, side by side."""
        out: list[Any] = []
        for part in self:
            logits = part(x) if labels is None else part(x, labels)
            out.extend(logits if isinstance(logits, list | tuple) else (logits,))
        return tuple(out)


class Attached:
    """A chain of regularizers on a network that somebody else trains; `detente.attach` makes it.

    Args:
        player: the network, its chain and its optimizer.
        objective, domain, space: as `Game` takes them; None for an objective where none is known.
        forward: how the network is called, (network, x, labels) → logits or samples; None for `network(x)`, and with
            labels `network(x, labels)`.
        opponents: the other player, if it is attached; of several the first is the one that this player's
            regularizers look at.
        seed: equal seeds give equal draws.
    """

    def __init__(
        self,
        player: Player,
        domain: DomainLike,
        *,
        objective: ObjectiveLike | None = None,
        space: Space | None = None,
        forward: Forward | None = None,
        opponents: "Sequence[Attached]" = (),
        seed: int = 0,
    ) -> None:
        self.player, self.domain, self.space, self.objective = player, domain, space, objective
        self.role: Role = player.role
        self.module = player.network if forward is None else Called(player.network, forward)
        self.device = next(player.network.parameters()).device
        self.scale = 2.0**16
        """GradScaler's factor, as `step` last saw it, for gradients inside penalties in float16."""
        self.recorded = Recorded(link for link in player.regularizer.links if "penalty" in link.defines())
        self.open: Turn | None = None
        self._as_leaves = looks_at_samples(player)
        self.opponent = opponents[0] if opponents else None
        for opponent in opponents:
            if opponent.player.role == player.role:
                raise UsageError(f"attach: the opponent is a {player.role} too. Give one of them the other role=.")
            opponent.opponent, opponent._table = self, None
        self._keys = keys(seed)
        self._turns = self._keys["turn"][self.role]
        self._table: Table | None = None
        self._micro = 0
        self._forwards: tuple[int, ...] = 0, 0
        self._noise = self._keys["noise"]["discriminator"].at(0)
        for part in player.network if isinstance(player.network, Several) else (player.network,):
            Listener(self).on(part)

    def turn(
        self, real: Sample | None = None, fake: Sample | None = None, *, z: Sample | None = None, labels: Any = None
    ) -> Turn:
        """A batch, or a micro-batch, of the next update: call the networks inside, and `backward` when you like.

        Args:
            real: data, [B, ...], a tensor or a tuple of them.
            fake: generated samples; detached here in the discriminator's turn, attached in the generator's.
            z: the latents of `fake`, for regularizers that move them.
            labels: what the networks take as their second argument.

        Raises:
            UsageError: a turn is open already.
        """
        if self.open is not None:
            raise UsageError(f"turn: one of the {self.role} is open already; leave it before the next.")
        if real is None and fake is None:
            raise UsageError("turn: give it a batch of data, of fakes, or both: turn(real, fake).")
        rng = self._turns.at(self.player.t)
        if self._micro:
            rng = rng.at("micro", self._micro)
        self._micro += 1
        generator = self if self.role == "generator" else self.opponent
        table = self._table or self._seated()
        step = table.step(
            self.player,
            rng,
            _widened(fake if real is None else real),  # in place of one that is absent, until below
            _widened(real if fake is None else fake),
            _NO_LATENTS if z is None else z,
            labels,
            rng if generator is None else generator._noise,  # which nothing draws where there is no generator
            self._as_leaves,
        )
        if real is None:
            step = step.having(real=Absent("turn: this chain asks for the reals: turn(real, …)."))
        if fake is None:
            step = step.having(fake=Absent("turn: this chain asks for the fakes: turn(…, fake=G(z))."))
        return Turn(self, table, step)

    def step(self, scaler: Any = None, *, optimizer: Any = None) -> bool:
        """Gradients unscaled and adjusted → the optimizer's step → weights adjusted; instead of `optimizer.step()`.

        Args:
            scaler: a `torch.amp.GradScaler`. Its `update` stays yours, as its `scale` does.
            optimizer: what a framework has made of the optimizer, if that has to take the step: Lightning counts
                steps, accelerate and Fabric know of processes. It is asked to `step`, also in place of the scaler.

        Returns:
            Whether the weights moved. If the scaler found gradients that are not finite, nothing has advanced.
        """
        player, own = self.player, self.player.optimizer
        advance = (own if optimizer is None else optimizer).step
        self._micro = 0
        if scaler is not None and scaler.is_enabled():
            scaler.unscale_(own)
            self.scale = float(scaler.get_scale())
            if optimizer is None:
                advance = lambda: scaler.step(own)  # noqa: E731
            if any(found.item() for found in scaler._found_inf_per_device(own).values()):
                advance()
                self.recorded.undo()
                return False
        if self.recorded.buffers:
            self.recorded.settle()
        player.update(player.moment(self._turns.at(player.t), self.domain) if player.adjusts else None, advance)
        return True

    def deployed(self) -> nn.Module:
        """An independent copy for sampling, in evaluation mode: the average of the weights where the chain has one."""
        return self.player.deployed()

    def terms(self) -> dict[str, Tensor]:
        """The last value of each penalty, detached, on the device."""
        return {name: value for name, (value, _) in self.player.last.items()}

    def state_dict(self) -> dict[str, Any]:
        """What neither the network's nor the optimizer's state has; save it beside them."""
        return {**self.player.own_state(), "forwards": self._forwards}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of `state_dict`, so that training continues identically."""
        self.player.load_own_state(state)
        self._forwards = tuple(state["forwards"])
        self._micro = 0

    def heard(self, x: Any) -> Heard:
        """What a forward of this network is; asked by its hooks."""
        if self.role == "generator":
            return self._sampling()
        turn = self.open or (self.opponent.open if self.opponent is not None else None)
        if turn is not None:
            return turn.heard(x)
        return Heard(self._turns.at(self.player.t, "outside", self._again()), records=True)

    def compiled(self) -> None:
        """A forward of this network is compiled; asked by its hooks.

        Raises:
            UsageError: a regularizer takes gradients inside it.
        """
        for link in self.player.regularizer.links:
            if "rewrite" in link.defines() and link.passes(self.role).gradient:
                raise UsageError(f"{self.role}.regularizers.{link.name}: {NO_SECOND_DERIVATIVE}")

    def _sampling(self) -> Heard:
        """A forward of the generator: in its own turn with that turn's noise, before it with the discriminator's."""
        d = self.opponent
        turn: Role = "discriminator" if self.open is None and d is not None else "generator"
        t = d.player.t if turn == "discriminator" and d is not None else self.player.t
        self._noise = self._keys["noise"][turn].at(t)
        if again := self._again(t, turn):
            self._noise = self._noise.at("again", again)
        return Heard(self._noise, records=True)

    def _again(self, t: int | None = None, turn: Role = "discriminator") -> int:
        """How many forwards there were of this kind at this update."""
        now = ((self.player.t if t is None else t) * 2) + (turn == "generator")
        before, count = self._forwards
        self._forwards = now, count + 1 if before == now else 1
        return self._forwards[1] - 1

    def _seated(self) -> Table:
        if self._table is None:
            sides: dict[Role, Attached | None] = {self.role: self, _OTHER[self.role]: self.opponent}
            D = sides["discriminator"]
            needs = {need for link in self.player.regularizer.links for need in link.needs}
            known = self.objective or (self.opponent.objective if self.opponent is not None else None)
            self._table = Table(
                _module(sides["generator"], "generator"),
                _module(D, "discriminator"),
                known or AbsentObjective(),
                self.domain,
                self.space,
                None if D is None else augmentation(D.player, D.domain),
                embedding_stage(D.player.network) if D is not None and "embed" in needs else None,
                feature_stages(D.player.network) if D is not None and "features" in needs else (),
            )
            self._check_needs(needs, D, known)
        return self._table

    def _check_needs(self, needs: set[str], D: "Attached | None", objective: ObjectiveLike | None) -> None:
        able = (objective.abilities if objective else frozenset()) | (abilities(D.player.network) if D else frozenset())
        for link in self.player.regularizer.links:
            if missing := [need for need in link.needs if need not in able]:
                raise UsageError(
                    f"attach: {link.name} needs the ability {missing[0]!r}, which is not there. Give the loss as "
                    "objective=, the discriminator the attributes of detente.Network, and a generator its opponent=."
                )


def _module(side: Attached | None, role: Role) -> nn.Module:
    if side is not None:
        return side.module
    return AbsentNetwork(f"attach: this chain asks for the {role}. Attach it too, with opponent= on the second.")


def _widened(x: Sample | None) -> Sample:
    assert x is not None, "a turn has one of the two"
    return each(lambda leaf: leaf.float() if leaf.dtype in HALF else leaf, x)
