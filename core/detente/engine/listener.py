"""Forwards that somebody else runs: their noise comes from a key, and the caller's generators stay as they were.

In `Game` every forward goes through `forward.call`. In anybody's loop the network is called by its owner, perhaps
through a wrapper around it, so hooks on the network itself do what `call` does.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from detente.engine.forward import Stage
from detente.engine.streams import Stream, announced, borrow, give_back


class Heard(NamedTuple):
    """One forward pass of an attached network."""

    stream: Stream
    records: bool = False
    """Whether normalization layers update their running statistics."""
    stages: tuple[Stage, ...] = ()
    """Those whose outputs are read."""
    into: dict[str, tuple[Any, ...]] | None = None
    """Where the outputs go, under `which`."""
    which: str = ""


class Owner(Protocol):
    """Who knows what a forward is for."""

    def heard(self, x: Any) -> Heard:
        """What the forward on `x` is."""
        ...

    def compiled(self) -> None:
        """A forward is compiled: refuse it if it cannot be."""
        ...


class Listener:
    """The hooks on one network. A copy of the network, such as an average of it, brings ones that do nothing."""

    def __init__(self, owner: Owner | None = None) -> None:
        self.owner = owner
        self._open: list[tuple[Heard, torch.device, Any] | None] = []

    def on(self, net: nn.Module) -> None:
        """Listen to a network, outermost of its hooks."""
        # Keys and random states are nothing to compile: a compiler that meets a hook leaves it to Python. What keeps
        # the compiler away costs more than what it keeps it away from, so only where there is one.
        self._entered: Callable[..., None] = torch.compiler.disable(self._enter_compiled)  # type: ignore[assignment]
        self._left: Callable[..., None] = torch.compiler.disable(self.leave)  # type: ignore[assignment]
        self._first = next(net.parameters())
        net.register_forward_pre_hook(self.enter, prepend=True)
        net.register_forward_hook(self.leave, always_call=True)

    def enter(self, net: nn.Module, inputs: tuple) -> None:
        """Before the forward."""
        owner = self.owner
        if owner is None:
            return
        if torch.compiler.is_compiling():
            self._entered(owner, net, inputs)
            return
        if not net.training or announced():  # one that the engine itself runs has its key already
            self._open.append(None)
            return
        heard = owner.heard(inputs[0] if inputs else None)
        for stage in heard.stages:
            stage.listen()
        device = self._first.device
        self._open.append((heard, device, borrow(heard.stream, device, heard.records)))

    def _enter_compiled(self, owner: Owner, net: nn.Module, inputs: tuple) -> None:
        owner.compiled()
        self.enter(net, inputs)

    def leave(self, *_: Any) -> None:
        """After the forward, also after one that failed."""
        if self.owner is None:
            return
        if torch.compiler.is_compiling():
            self._left()
            return
        open_ = self._open.pop() if self._open else None
        if open_ is None:
            return
        heard, device, found = open_
        give_back(device, found)
        if heard.into is not None:
            heard.into[heard.which] = tuple(map(Stage.take, heard.stages))

    def __deepcopy__(self, memo: dict) -> "Listener":
        return Listener()

    def __reduce__(self) -> tuple:
        return Listener, ()


def listened_to(net: nn.Module) -> bool:
    """Whether a network has a listener already."""
    hooks = net._forward_pre_hooks.values()
    return any(isinstance(owner := getattr(h, "__self__", None), Listener) and owner.owner is not None for h in hooks)


def first_leaf(x: Any) -> Any:
    """What tells one sample from another: its first tensor."""
    return x[0] if isinstance(x, tuple) and x else x
