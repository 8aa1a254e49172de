"""The processes that train one run: they share its batches, and the first one leads. One, as a rule."""

import io
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from detente.domains.contracts import Networks
from detente.engine import ranks
from detente.errors import Interrupted, PeerLost, UsageError
from detente.training import launched
from detente.training.signals import STOP, on_signal

_PATIENCE = timedelta(days=7)
"""For how long processes wait: one that has ended is noticed at once, and one that evaluates may take hours."""


class Team:
    """The processes of a run.

    Attributes:
        size: how many there are.
        index: which one this is.
        signal: the number of the signal that asks the run to stop, once there was one.
    """

    def __init__(self, size: int = 1, index: int = 0) -> None:
        self.size, self.index = size, index
        self.signal: int | None = None

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes, evaluates and speaks."""
        return self.index == 0

    def device(self, chosen: str, usual: str) -> str:
        """The device of this process of several: on GPUs, that of its number.

        Args:
            chosen: by a flag or a recipe; "auto" where nobody did.
            usual: that of the run so far, or "auto".

        Raises:
            UsageError: one GPU is chosen for all.
        """
        if chosen not in ("auto", "cpu", "cuda"):
            raise UsageError(
                f"device: {chosen} is one device, and each of the {self.size} processes takes a GPU of its own. "
                "Use device=cuda or device=cpu."
            )
        name = (usual if chosen == "auto" else chosen).partition(":")[0]
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        return f"cuda:{launched.place()}" if name == "cuda" else name

    def check(self, batch: int, where: str) -> None:
        """Whether the processes can share a batch evenly.

        Raises:
            UsageError: they cannot.
        """
        if batch % self.size:
            below = batch - batch % self.size
            choices = " or ".join(str(n) for n in (below, below + self.size) if n)
            raise UsageError(
                f"{where}: {batch} samples cannot be shared evenly by {self.size} processes. Use batch={choices}, or "
                "start another number of processes."
            )

    def check_networks(self, networks: Networks) -> None:
        """Whether the networks are the same for a part of a batch.

        Raises:
            UsageError: a layer of torch's normalizes over the part that one process has.
        """
        for role, net in networks._asdict().items() if self.size > 1 else ():
            for name, module in net.named_modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm) and any(
                    p.requires_grad for p in net.parameters()
                ):
                    raise UsageError(
                        f"model: the {role}'s {name} is torch's {type(module).__name__}, which normalizes the "
                        "part of a batch that a process has by itself. Use the regularizer batch-norm, or one process."
                    )

    def playing(self, batch: int) -> AbstractContextManager[None]:
        """Meanwhile a game is played with the others, each with its part of a batch."""
        return nullcontext() if self.size == 1 else ranks.together(batch // self.size)

    def part(self, index: Tensor) -> Tensor:
        """Which samples of a batch are this process's."""
        return index if self.size == 1 else index.chunk(self.size)[self.index]

    def share(self, state: Any = None) -> Any:
        """The leader's `state` (tensors, numbers, strings, lists, dicts), in every process; tensors are on the CPU."""
        if self.size == 1:
            return state
        file = io.BytesIO()
        if self.leads:
            torch.save(state, file)
        content = torch.frombuffer(bytearray(file.getvalue() or b" "), dtype=torch.uint8)
        length = torch.tensor(len(content))
        try:
            dist.broadcast(length, 0)
            if not self.leads:
                content = torch.empty(int(length), dtype=torch.uint8)
            dist.broadcast(content, 0)
        except RuntimeError as error:
            raise PeerLost from error
        return state if self.leads else torch.load(io.BytesIO(content.numpy().tobytes()), weights_only=True)

    def agree(self) -> None:
        """After a step: whether somebody has been asked to stop; the slower ones are waited for."""
        if self.size > 1:
            latest = torch.tensor(self.signal or 0)
            try:
                dist.all_reduce(latest, dist.ReduceOp.MAX)
            except RuntimeError as error:
                raise PeerLost from error
            self.signal = int(latest) or None

    def unlike(self, digests: Mapping[str, str]) -> list[str]:
        """The names of hashes that are not the same in every process."""
        if self.size == 1:
            return []
        least = torch.tensor([int(digest[:15], 16) for digest in digests.values()])
        most = least.clone()
        try:
            dist.all_reduce(least, dist.ReduceOp.MIN)
            dist.all_reduce(most, dist.ReduceOp.MAX)
        except RuntimeError as error:
            raise PeerLost from error
        return [name for name, same in zip(digests, (least == most).tolist(), strict=True) if not same]

    def stop(self, number: int) -> None:
        """A signal asks for a stop after this step; a second one stops at once, unless it is torchrun's copy of it."""
        if self.signal is not None and self.size == 1:
            raise Interrupted(number)
        self.signal = self.signal or number


@contextmanager
def team(cuda: bool = False) -> Iterator[Team]:
    """The processes that torchrun has started, as one group; without it this one alone.

    Args:
        cuda: whether they compute on GPUs.
    """
    if launched.processes() == 1:
        yield Team()
        return
    if cuda:
        torch.cuda.set_device(launched.place())
    # What is small goes by way of the CPUs in either case, and whoever waits there uses no GPU.
    dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=_PATIENCE)
    found = Team(dist.get_world_size(), dist.get_rank())

    def at_once(number: int) -> None:
        if found.signal is None:  # a second one is torchrun's copy of the terminal's
            found.signal = number
            raise Interrupted(number)

    with on_signal(at_once, *STOP):
        yield found
    dist.destroy_process_group()  # not after an error: the others may never come
