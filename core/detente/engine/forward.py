"""Entering a network: whose noise it uses, and the stages inside it that are read or replaced while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from detente.engine.network import abilities, feature_layers
from detente.engine.sample import Sample, as_input, each, leaves
from detente.engine.streams import Stream, enter, leave
from detente.errors import UsageError


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


def call_from_inner_latents(
    net: nn.Module, z: Sample, labels: Tensor | None, stream: Stream, *, autocast: torch.dtype | None = None
) -> tuple[Any, Sample]:
    """G(z), and the inner latents that it is a function of: the output of its submodule `mapping`, in its graph.

    They are z itself, as a fresh leaf of the graph, where a generator states no such submodule. In half precision they
    are float32, so that a gradient with respect to them is.
    """
    if "mapping" not in abilities(net):
        z = as_input(z)
        return call(net, z, labels, stream, autocast=autocast), z
    heard: list[Sample] = []

    def hear(module: nn.Module, inputs: tuple, w: Any) -> Any:
        heard[:] = [each(_differentiable, w)]
        return heard[0]

    hook = net.get_submodule("mapping").register_forward_hook(hear)
    try:
        x = call(net, z, labels, stream, autocast=autocast)
    finally:
        hook.remove()
    if not heard:
        raise UsageError(
            f"{type(net).__name__} states the ability 'mapping', but its forward() does not call `self.mapping`. Call "
            "it as a module, or leave the ability out."
        )
    return x, heard[0]


def _differentiable(w: Tensor) -> Tensor:
    wide = w.to(torch.promote_types(w.dtype, torch.float32))
    return wide if wide.requires_grad else wide.detach().requires_grad_()


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


def embedding_stage(net: nn.Module) -> Stage | None:
    """The stage whose output is a network's embedding; None if it states none."""
    return Stage(net.get_submodule("embed")) if "embed" in abilities(net) else None


def feature_stages(net: nn.Module) -> tuple[Stage, ...]:
    """The stages whose outputs are a network's features, in the order of its `feature_layers`; none if it has none."""
    return tuple(Stage(net.get_submodule(name)) for name in feature_layers(net))
