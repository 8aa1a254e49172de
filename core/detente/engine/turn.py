"""One turn in somebody else's training loop: a batch, the owner's logits of it, and the penalties."""

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor

from detente.engine.absent import Absent
from detente.engine.gradients import Logits, scaled_by
from detente.engine.listener import Heard, first_leaf
from detente.engine.player import Player
from detente.engine.recorded import Recorded
from detente.engine.sample import Sample, batch_size
from detente.engine.step import Step
from detente.engine.streams import kept
from detente.engine.table import Table

HALF = (torch.float16, torch.bfloat16)


class Owner(Protocol):
    """Whose turn it is; `Attached` is one."""

    player: Player
    recorded: Recorded
    device: torch.device
    scale: float
    open: "Turn | None"


class Turn:
    """One batch, or micro-batch, of one player's update; `Attached.turn` makes it, and it is open inside `with`.

    Attributes:
        real: what the critic is to be called on for the reals: augmented, and a leaf of the graph or made from one.
        fake: likewise for the fakes; in the generator's turn they stay attached to it.
    """

    def __init__(self, owner: Owner, table: Table, step: Step) -> None:
        self._owner, self._table, self._step, self._device = owner, table, step, owner.device
        self.autocast = autocast_of(owner.device)
        self.taken: dict[str, tuple[Any, ...]] = {}
        self.others = 0
        self.real: Any = step.real
        self.fake: Any = step.fake
        if step.augment is not None:
            with torch.enable_grad(), plain(owner.device):
                self.real, self.fake = self._seen("real", step.real), self._seen("fake", step.fake)
        self._real, self._fake = first_leaf(self.real), first_leaf(self.fake)
        # Here, one after the other, they cost a fraction of what they cost between two passes of a network.
        self._records, stages = step.turn == "discriminator", table.stages
        self._heard_real = Heard(step.root.at("real"), self._records, stages, self.taken, "real")
        self._heard_fake = Heard(step.root.at("fake"), self._records, stages, self.taken, "fake")

    def __enter__(self) -> "Turn":
        self._owner.open = self
        return self

    def __exit__(self, *failed: object) -> None:
        self._owner.open = None

    def _seen(self, which: str, x: Sample) -> Sample:
        return x if isinstance(x, Absent) else self._step._seen(x, self._step.root.at(which))

    def heard(self, x: Any) -> Heard:
        """What a forward of the critic on `x` is in this turn."""
        first = first_leaf(x)
        if torch.is_autocast_enabled(self._device.type):
            self.autocast = autocast_of(self._device)
        if first is self._real:
            return self._heard_real
        if first is self._fake:
            return self._heard_fake
        self.others += 1
        return Heard(self._step.root.at("forward", self.others), self._records)

    def penalty(self, real: Any = None, fake: Any = None) -> Tensor:
        """The sum of the penalties that fire at this update, a scalar in float32 or wider, to be added to the loss.

        Args:
            real: the logits of `t.real`: a tensor [B, ...], or a list or tuple of them with one per sub-critic.
            fake: the logits of `t.fake`. What is not given is computed if a penalty asks for it.

        Raises:
            UsageError: a penalty needs something that was not handed over.
        """
        for which, logits in (("real", real), ("fake", fake)):
            if logits is not None:
                self._step._shared[which] = _wide(logits), *self._stages_of(which)
        step, device = self._step, self._device
        with kept(device):
            if self.autocast is None and autocast_of(device) is None:  # contexts that change nothing take their time
                return self._sum(step)
            scale = self._scale_of(step) if self.autocast is torch.float16 else 1.0
            with plain(device), scaled_by(scale):
                return self._sum(step.having(autocast=self.autocast))

    def _sum(self, step: Step) -> Tensor:
        player, recorded = self._owner.player, self._owner.recorded
        if recorded.buffers:
            recorded.begin()
        total: Tensor | None = None
        for name, value in player.penalties(step):
            player.last[name] = value.detach(), player.t
            total = value if total is None else total + value
        return torch.zeros((), device=self._device) if total is None else total

    def _stages_of(self, which: str) -> tuple[Any, Any]:
        """The embedding and the features of the owner's forward."""
        taken = self.taken.get(which)
        if taken is None:
            said = f"penalty: call the network on t.{which} itself, so that its embedding and features are known."
            return Absent(said), Absent(said)
        return (None, taken) if self._table.embedding is None else (taken[0], taken[1:])

    def _scale_of(self, step: Step) -> float:
        """The scaler's factor over the batch size, down to a power of two: what a mean's backward pass begins with.

        Penalties differentiate sums over the batch, which would overflow with the factor itself.
        """
        known = next((x for x in (step.fake, step.real) if not isinstance(x, Absent)), None)
        size = 1 if known is None else batch_size(known)
        return 2.0 ** max(0, math.floor(math.log2(self._owner.scale / size)))


def _wide(logits: Any) -> Logits:
    if isinstance(logits, Tensor):
        return logits.float() if logits.dtype in HALF else logits
    return tuple(part.float() if part.dtype in HALF else part for part in logits)


def plain(device: torch.device) -> AbstractContextManager:
    """Without autocast. Entering torch's context costs as much as a small layer, so only where it is on."""
    return nullcontext() if autocast_of(device) is None else torch.autocast(device.type, enabled=False)


def autocast_of(device: torch.device) -> torch.dtype | None:
    """The dtype that autocast computes in now; None where it is off."""
    return torch.get_autocast_dtype(device.type) if torch.is_autocast_enabled(device.type) else None
