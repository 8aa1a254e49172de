"""The layers of a network, and the two ways in which a regularizer may rewrite one: after its output, or its weight.

Both insert a named child and hooks that find it by name. Names and types of the modules stay, so `fc1.weight` is still
`fc1.weight` in a checkpoint, in `where` and in the optimizer, and a deep copy of the network is complete.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from detente.engine.network import output_layers
from detente.engine.where import Where as Where
from detente.engine.where import check_left_out, matches
from detente.errors import UsageError


@dataclass(frozen=True, slots=True)
class Layer:
    """One weight of one registered layer of a network."""

    name: str
    module: nn.Module
    weight_name: str
    out_axis: int
    """Dimension of the weight that counts the outputs."""
    channel_axis: int | None
    """Dimension of the layer's output that holds the channels; None if the output is not a single tensor."""

    @property
    def weight(self) -> Tensor:
        """The parameter itself, also while a reparametrization stands in for it."""
        weight = self.module._parameters[self.weight_name]
        assert weight is not None, "a registered weight exists"
        return weight

    @property
    def groups(self) -> int:
        """How many groups the weight counts its outputs within: those of a transposed convolution, else 1."""
        return self.module.groups if isinstance(self.module, nn.modules.conv._ConvTransposeNd) else 1

    @property
    def outputs(self) -> int:
        """How many channels the layer's output has."""
        return self.weight.shape[self.out_axis] * self.groups

    def rows(self, weight: Tensor) -> Tensor:
        """A weight of this layer's shape as [outputs, ...]: one filter a row, also where groups share an axis."""
        return rows(weight, self.out_axis, self.groups)

    @property
    def used(self) -> Tensor:
        """The weight that the layer computes with: what its reparametrizations make of the parameter."""
        weight = self.weight
        for child in self._reparametrizations():
            weight = child(weight)
        return weight

    @property
    def factor(self) -> float:
        """The constant that the layer multiplies its parameter by, as equalized learning rates do; 1 as a rule."""
        return math.prod(child.factor for child in self._reparametrizations() if child.factor is not None)

    def _reparametrizations(self) -> "Iterator[Reparametrization]":
        for hook in self.module._forward_pre_hooks.values():
            if isinstance(hook, _StandIn) and hook.weight == self.weight_name:
                yield self.module._modules[hook.child]  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class _Kind:
    weights: dict[str, int]
    channel_axis: int | None


def rows(weight: Tensor, out_axis: int, groups: int = 1) -> Tensor:
    """A weight as [outputs, ...], one filter a row.

    A grouped transposed convolution stores [inputs, outputs / groups, ...], each group's inputs one after the other, so
    that its filters are found within the groups.

    Args:
        weight: as the layer stores it.
        out_axis: the dimension that counts the outputs of a group.
        groups: into how many groups the first dimension falls.
    """
    if groups == 1:
        return weight if out_axis == 0 else weight.movedim(out_axis, 0)
    grouped = weight.unflatten(0, (groups, -1))  # [groups, inputs / groups, outputs / groups, ...]
    return grouped.movedim(out_axis + 1, 1).flatten(0, 1)


_CONV, _DECONV = _Kind({"weight": 0}, 1), _Kind({"weight": 1}, 1)
_CELL = _Kind({"weight_ih": 0, "weight_hh": 0}, None)
_KINDS: dict[type[nn.Module], _Kind] = {
    nn.Linear: _Kind({"weight": 0}, -1),
    nn.Bilinear: _Kind({"weight": 0}, -1),
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), _CONV),
    **dict.fromkeys((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), _DECONV),
    **dict.fromkeys((nn.RNNCell, nn.LSTMCell, nn.GRUCell), _CELL),
    nn.Embedding: _Kind({"weight": 1}, None),  # its weight counts; nothing is inserted between it and what reads it
}


class Normalization(nn.Module):
    """Marks an inserted normalization layer, whose gain l1, l2 and weight decay do not shrink by default."""

    over_batch: bool = False
    """Whether, in training, one sample's output depends on the others."""


class Reparametrization(nn.Module):
    """Marks an inserted module that makes the weight that a layer computes with from its parameter."""

    factor: float | None = None
    """What it multiplies by, where that is a constant."""


_NORMALIZATIONS = (
    Normalization,
    Reparametrization,
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
)


def register_layer(kind: type[nn.Module], weights: dict[str, int] | None = None, channel_axis: int | None = -1) -> None:
    """Register a layer type of your own, so that every regularizer finds its weights.

    Args:
        kind: the module class; subclasses are included.
        weights: parameter name to the dimension that counts its outputs.
        channel_axis: where the layer's output holds its channels; None where it has no such axis.
    """
    _KINDS[kind] = _Kind(weights or {"weight": 0}, channel_axis)


def _kind(module: nn.Module) -> _Kind | None:
    return next((_KINDS[c] for c in type(module).__mro__ if c in _KINDS), None)


def layers(net: nn.Module, where: Where = None, outputs: bool = True) -> list[Layer]:
    """The weights of a network's registered layers, in module order.

    Frozen layers are left out where others are trained; a deployed network, which is frozen as a whole, has them all.

    Args:
        net: the network.
        where: one or more glob patterns of layer names.
        outputs: whether output layers are included.

    Raises:
        UsageError: nothing matches.
    """
    found = list(_layers(net))
    check_left_out([x.name for x in found], where, f"layer of {type(net).__name__}")
    last = () if outputs else _last(net, found)
    chosen = [x for x in found if matches(x.name, where) and x.name not in last]
    if not chosen:
        names = ", ".join(dict.fromkeys(x.name for x in found)) or "none"
        which = "layer" if outputs else "hidden layer"
        raise UsageError(
            f"no {which} of {type(net).__name__} matches where={where!r}; its layers are {names}. "
            "Name one of them, or remove the regularizer from this player."
        )
    return chosen


def last_layers(net: nn.Module) -> tuple[str, ...]:
    """The names of the output layers: those that the network declares, otherwise its last layer."""
    return _last(net, list(_layers(net)))


def _last(net: nn.Module, found: list[Layer]) -> tuple[str, ...]:
    stated = output_layers(net)
    if stated is not None:
        return stated
    return (found[-1].name,) if found else ()


def _layers(net: nn.Module) -> Iterator[Layer]:
    trained = any(p.requires_grad for p in net.parameters())
    for name, module in net.named_modules():
        kind = _kind(module)
        for weight, axis in kind.weights.items() if kind else ():
            parameter = module._parameters.get(weight)
            if parameter is not None and (parameter.requires_grad or not trained):
                yield Layer(name, module, weight, axis, kind.channel_axis if kind else None)


def weights(net: nn.Module, where: Where = None) -> list[tuple[str, nn.Parameter]]:
    """Trainable parameters that a weight penalty acts on: those that `where` names.

    With `where=None` all but biases and the gains of normalization layers.

    Raises:
        UsageError: nothing matches.
    """
    check_left_out([name for name, _ in net.named_parameters()], where, f"parameter of {type(net).__name__}")
    gains = {id(p) for m in net.modules() if isinstance(m, _NORMALIZATIONS) for p in m.parameters(False)}
    chosen = [
        (name, p)
        for name, p in net.named_parameters()
        if p.requires_grad
        and (
            matches(name, where)
            if where is not None
            else id(p) not in gains and not name.rpartition(".")[2].startswith("bias")
        )
    ]
    if not chosen:
        names = ", ".join(name for name, _ in net.named_parameters()) or "none"
        raise UsageError(f"no parameter of {type(net).__name__} matches where={where!r}; its parameters are {names}.")
    return chosen


def after(layer: Layer, name: str, child: nn.Module) -> None:
    """Insert `child` behind the layer's output, before whatever follows (an activation, as a rule)."""
    adopt(layer.module, name, child)
    layer.module.register_forward_hook(_After(name))


def reparametrize(layer: Layer, name: str, child: Reparametrization) -> None:
    """Let the layer compute with `child(weight)` while its parameter stays what and where it was.

    During the layer's forward the result stands in the module's `__dict__`, where attribute lookup finds it before the
    parameter; afterwards it is gone. Several of them on one weight compose in the order of insertion.
    """
    adopt(layer.module, name, child)
    layer.module.register_forward_pre_hook(_StandIn(name, layer.weight_name))
    layer.module.register_forward_hook(_StepAside(layer.weight_name), always_call=True)


def adopt(module: nn.Module, name: str, child: nn.Module) -> None:
    """Make `child` a part of a layer, under a name that its hooks find it by.

    Raises:
        UsageError: the layer has something of that name.
    """
    if name in module._modules or name in module._parameters or name in module._buffers:
        raise UsageError(
            f"a layer already has a child named {name!r}; give the second instance of this regularizer its own name."
        )
    weight = next(module.parameters(recurse=False))
    module._modules[name] = child.to(weight.device, weight.dtype)  # add_module refuses names such as half


def inserted(net: nn.Module) -> Iterator[tuple[str, str, nn.Module]]:
    """What regularizers have inserted into a network: the layer's name, the child's name, the child."""
    for name, module in net.named_modules():
        hooks = (*module._forward_pre_hooks.values(), *module._forward_hooks.values())
        for hook in hooks:
            if isinstance(hook, Inserted):
                child = module._modules[hook.child]
                assert child is not None, "an inserted child stays"
                yield name, hook.child, child


class Inserted:
    """Base of the hooks that run a child which a regularizer has inserted into a layer."""

    child: str


class _After(Inserted):
    def __init__(self, child: str) -> None:
        self.child = child

    def __call__(self, module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
        return module._modules[self.child](output)  # type: ignore[misc]


class _StandIn(Inserted):
    def __init__(self, child: str, weight: str) -> None:
        self.child, self.weight = child, weight

    def __call__(self, module: nn.Module, inputs: tuple) -> None:
        module.__dict__[self.weight] = module._modules[self.child](getattr(module, self.weight))  # type: ignore[misc]


class _StepAside:
    def __init__(self, weight: str) -> None:
        self.weight = weight

    def __call__(self, module: nn.Module, inputs: tuple, output: object) -> None:
        module.__dict__.pop(self.weight, None)
