"""What a network declares about itself; only read here."""

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from detente.errors import UsageError


class Network(nn.Module):
    """A generator or discriminator that declares abilities.

    A module of another class can have the same attributes, or none of them: so that nobody's own network has to be
    rewritten, they are read here, and only here, with these defaults.

    Attributes:
        abilities: what it can do beyond its forward. "embed": its submodule `embed` maps a sample to a sample-shaped
            embedding that everything after it depends on. "features": its `feature_layers` hold intermediate features.
            "mapping", of a generator: its submodule `mapping` maps z, and the labels, to inner latents that everything
            after it depends on in place of them.
        feature_layers: names of the submodules whose outputs are its features.
        output_layers: names of the submodules that make logits or samples, which normalization and dropout leave alone;
            None for the last layer.
        input_layers: names of the submodules that take the sample, which packing widens; none if no layer could take
            several samples side by side; None for the first layer.
    """

    abilities: frozenset[str] = frozenset()
    feature_layers: tuple[str, ...] = ()
    output_layers: tuple[str, ...] | None = None
    input_layers: tuple[str, ...] | None = None


def abilities(net: nn.Module) -> frozenset[str]:
    """The abilities that a network declares: "embed", "features", "mapping".

    Raises:
        UsageError: it declares something other than a set of names, or a submodule that it does not have.
    """
    stated = getattr(net, "abilities", Network.abilities)
    if isinstance(stated, str) or not all(isinstance(name, str) for name in stated):
        raise UsageError(f"{type(net).__name__}.abilities should be a set of names, but is {stated!r}.")
    _existing(net, "abilities", tuple(name for name in ("embed", "mapping") if name in stated))
    return frozenset(stated)


def feature_layers(net: nn.Module) -> tuple[str, ...]:
    """The names of the layers that hold a network's features; none where it does not state the ability.

    Raises:
        UsageError: it names a submodule that it does not have.
    """
    if "features" not in abilities(net):
        return ()
    return _existing(net, "feature_layers", getattr(net, "feature_layers", Network.feature_layers))


def output_layers(net: nn.Module) -> tuple[str, ...] | None:
    """The names of the layers that make logits or samples; None where the network does not state them.

    Raises:
        UsageError: it names a submodule that it does not have.
    """
    stated = getattr(net, "output_layers", Network.output_layers)
    return None if stated is None else _existing(net, "output_layers", stated)


def input_layers(net: nn.Module) -> tuple[str, ...] | None:
    """The names of the layers that take the sample; None where the network does not state them.

    Raises:
        UsageError: it names a submodule that it does not have.
    """
    stated = getattr(net, "input_layers", Network.input_layers)
    return None if stated is None else _existing(net, "input_layers", stated)


def check_trainable(net: nn.Module) -> None:
    """Whether a network can be rewritten and copied.

    Raises:
        UsageError: it has a layer whose weights are not there before its first forward, or one that was compiled by
            torch.jit, whose weights cannot be copied.
    """
    for name, module in net.named_modules():
        where = f"the layer {name!r} of {type(net).__name__}" if name else f"the network {type(net).__name__}"
        if any(is_lazy(parameter) for parameter in module.parameters(recurse=False)):
            raise UsageError(f"{where} has no weights yet. Run the network once on a batch, or state its input size.")
        if isinstance(module, torch.jit.ScriptModule):
            raise UsageError(f"{where} is of torch.jit, and its weights cannot be copied. Use the module itself.")


def _existing(net: nn.Module, attribute: str, names: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise UsageError(f"{type(net).__name__}.{attribute} should be a tuple of names, but is {names!r}.")
    there = {name for name, _ in net.named_modules(remove_duplicate=False)}
    missing = [name for name in names if name not in there]
    if missing:
        raise UsageError(
            f"{type(net).__name__}.{attribute} names {missing[0]!r}, but it has no submodule of that name."
        )
    return tuple(names)
