"""The laws of what a model's networks state about themselves."""

import torch

from detente.engine.forward import Stage, call
from detente.engine.network import abilities, feature_layers
from detente.engine.sample import batch_size, leaves, to
from detente.engine.streams import Stream
from detente.testing.laws import Broken
from detente.testing.suites.kind import Kind

_FEW = 6


def declared_layers_are_there(k: Kind) -> None:
    """`abilities`, `feature_layers` and `output_layers` name what the networks have."""
    for side, net in k.model.build(k.data.space)._asdict().items():
        names = dict(net.named_modules())
        wanted: dict[str, str] = dict.fromkeys(getattr(net, "output_layers", ()), "output_layers")
        if "features" in abilities(net):
            wanted |= dict.fromkeys(feature_layers(net), "feature_layers")
            if not feature_layers(net):
                raise Broken(
                    f"the {side} has the ability 'features', but feature_layers names none; name at least one layer"
                )
        for name, said in wanted.items():
            if name not in names:
                raise Broken(
                    f"the {side}'s {said} names {name!r}, which is no submodule of it; write a name of named_modules()"
                )


def inner_latents_stand_for_the_latents(k: Kind) -> None:
    """With the inner latents of a generator that states "mapping" held fast, z and labels change nothing any more."""
    g = k.model.build(k.data.space).generator.eval()
    if "mapping" not in abilities(g):
        return
    n, first = min(_FEW, batch_size(k.batch.x)), leaves(k.batch.x)[0]
    z, other = (to(k.model.latents(n, torch.Generator().manual_seed(i)), dtype=first.dtype) for i in (5, 6))
    labels = k.batch.labels[:n] if k.model.conditional and k.batch.labels is not None else None
    stage = Stage(g.get_submodule("mapping"))
    stage.listen()
    with torch.no_grad():
        made = call(g, z, labels, Stream(9))
        if (w := stage.take()) is None:
            raise Broken(
                "the generator states the ability 'mapping', but does not call `self.mapping`; begin forward with it"
            )
        with stage.standing_in(w):
            again = call(g, other, None if labels is None else labels.roll(1, 0), Stream(9))
    if not all(map(torch.equal, leaves(made), leaves(again))):
        raise Broken("the generator uses more than what its `mapping` makes of the latents; leave out that ability")
