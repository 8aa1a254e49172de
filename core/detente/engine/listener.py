"""Forwards that somebody else runs: their noise comes from a key, and the caller's generators stay as they were.

In `Game` every forward goes through `forward.call`. In anybody's loop the network is called by its owner, perhaps
through a wrapper around it, so hooks on the network itself do what `call` does.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from detente.engine.forward import Stage
from detente.engine.sample import leaves
from detente.engine.streams import Stream, announced, enter, leave, restore, states


class Heard(NamedTuple):
    """One forward pass of an attached network."""

    stream: Stream
    records: bool = False
    """Whether normalization layers update their running statistics."""
    embedding: Stage | None = None
    features: tuple[Stage, ...] = ()
    into: dict[str, tuple[Any, tuple[Any, ...]]] | None = None
    """Where embedding and features go, under `which`."""
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
        self._entered: Callable[..., None] = torch.compiler.disable(self._enter)  # type: ignore[assignment]
        self._left: Callable[..., None] = torch.compiler.disable(self._leave)  # type: ignore[assignment]
        self._first = next(net.parameters())
        net.register_forward_pre_hook(self.enter, prepend=True)
        net.register_forward_hook(self.leave, always_call=True)

    def enter(self, net: nn.Module, inputs: tuple) -> None:
        """Before the forward."""
        if self.owner is not None:
            if torch.compiler.is_compiling():
                self._entered(self.owner, net, inputs, True)
            else:
                self._enter(self.owner, net, inputs, False)

    def leave(self, net: nn.Module, inputs: tuple, output: Any) -> None:
        """After the forward, also after one that failed."""
        if self.owner is not None:
            (self._left if torch.compiler.is_compiling() else self._leave)()

    def _enter(self, owner: Owner, net: nn.Module, inputs: tuple, compiled: bool) -> None:
        if compiled:
            owner.compiled()
        if not net.training or announced():  # one that the engine itself runs has its key already
            self._open.append(None)
            return
        x = inputs[0] if inputs else None
        heard = owner.heard(x)
        device = self._first.device
        for stage in (*((heard.embedding,) if heard.embedding else ()), *heard.features):
            stage.listen()
        self._open.append((heard, device, states(device)))
        enter(heard.stream, device, heard.records)

    def _leave(self) -> None:
        open_ = self._open.pop() if self._open else None
        if open_ is None:
            return
        heard, device, found = open_
        leave()
        restore(device, found)
        taken = heard.embedding.take() if heard.embedding else None, tuple(stage.take() for stage in heard.features)
        if heard.into is not None:
            heard.into[heard.which] = taken

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
    return leaves(x)[0] if isinstance(x, torch.Tensor | tuple) and len(leaves(x)) else x
