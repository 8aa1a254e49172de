"""One turn in somebody else's training loop: a batch, the owner's logits of it, and the penalties."""

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from detente.engine.absent import Absent
from detente.engine.gradients import Logits, scaled_by
from detente.engine.listener import Heard, first_leaf
from detente.engine.player import Player
from detente.engine.recorded import Recorded
from detente.engine.sample import Sample, batch_size, each, leaves
from detente.engine.step import Step
from detente.engine.streams import kept
from detente.engine.table import Table

HALF = (torch.float16, torch.bfloat16)


class Turn:
    """One batch, or micro-batch, of one player's update; `Attached.turn` makes it.

    Attributes:
        real: what the critic is to be called on for the reals: augmented, and a leaf of the graph or made from one.
        fake: likewise for the fakes; in the generator's turn they stay attached to it.
    """

    def __init__(
        self,
        step: Step,
        table: Table,
        player: Player,
        recorded: Recorded,
        device: torch.device,
        scale: float,
        autocast: torch.dtype | None,
    ) -> None:
        self._step, self._table, self._player = step, table, player
        self._recorded, self._device, self._scale = recorded, device, scale
        self.autocast = autocast
        self.taken: dict[str, tuple[Any, tuple[Any, ...]]] = {}
        self.others = 0
        self._streams = {which: step.root.at(which) for which in ("real", "fake")}
        self.real: Any = self._seen("real", step.real)
        self.fake: Any = self._seen("fake", step.fake)
        seen = (self.real, "real"), (self.fake, "fake")
        self._firsts = [(first_leaf(x), which) for x, which in seen if not isinstance(x, Absent)]

    def _seen(self, which: str, x: Sample) -> Sample:
        return x if isinstance(x, Absent) else self._step._seen(x, self._streams[which])

    def heard(self, x: Any) -> Heard:
        """What a forward of the critic on `x` is in this turn."""
        first, table = first_leaf(x), self._table
        self.autocast = autocast_of(self._device) or self.autocast
        records = self._step.turn == "discriminator"
        for own, which in self._firsts:
            if first is own:
                return Heard(self._streams[which], records, table.embedding, table.features, self.taken, which)
        self.others += 1
        return Heard(self._step.root.at("forward", self.others), records)

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
                said = f"penalty: call the network on t.{which} itself, so that its embedding and features are known."
                embedding, features = self.taken.get(which) or (Absent(said), Absent(said))
                self._step._shared[which] = _wide(logits), embedding, features
        device, player = self._device, self._player
        step = self._step.having(autocast=self.autocast)
        scale = self._scale_of(step) if self.autocast is torch.float16 else 1.0
        total: Tensor | None = None
        with kept(device), plain(device), scaled_by(scale):
            self._recorded.begin()
            for name, value in player.penalties(step):
                player.last[name] = value.detach(), player.t
                total = value if total is None else total + value
        return torch.zeros((), device=device) if total is None else total

    def _scale_of(self, step: Step) -> float:
        """The scaler's factor over the batch size, down to a power of two: what a mean's backward pass begins with.

        Penalties differentiate sums over the batch, which would overflow with the factor itself.
        """
        known = next((x for x in (step.fake, step.real) if not isinstance(x, Absent)), None)
        size = 1 if known is None else batch_size(known)
        return 2.0 ** max(0, math.floor(math.log2(self._scale / size)))


def _wide(logits: Any) -> Logits:
    return each(
        lambda part: part.float() if part.dtype in HALF else part,
        logits if isinstance(logits, Tensor) else tuple(leaves(logits)),
    )


def plain(device: torch.device) -> AbstractContextManager:
    """Without autocast. Entering torch's context costs as much as a small layer, so only where it is on."""
    return nullcontext() if autocast_of(device) is None else torch.autocast(device.type, enabled=False)


def autocast_of(device: torch.device) -> torch.dtype | None:
    """The dtype that autocast computes in now; None where it is off."""
    return torch.get_autocast_dtype(device.type) if torch.is_autocast_enabled(device.type) else None
