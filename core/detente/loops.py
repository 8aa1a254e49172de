"""Regularizers for a training loop of your own: `detente.attach`. Only chains as text need detente[run]."""

from collections.abc import Sequence
from weakref import WeakSet

import torch
from torch import nn
from torch.optim import Optimizer

from detente.engine.absent import Tensors
from detente.engine.attached import Attached, Forward, Several
from detente.engine.chain import chain as chain_of
from detente.engine.listener import listened_to
from detente.engine.player import OptimizerFactory, Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Space
from detente.engine.step import DomainLike, ObjectiveLike, Role
from detente.engine.streams import Stream, enter, kept, leave
from detente.engine.table import ROLES
from detente.errors import UsageError

_STEPPED: WeakSet[Optimizer] = WeakSet()
"""The optimizers of attached networks."""


def attach(
    network: nn.Module | Sequence[nn.Module],
    chain: str | Regularizer | Sequence[Regularizer],
    *,
    optimizer: Optimizer | OptimizerFactory,
    role: Role | None = None,
    opponent: Attached | Sequence[Attached] | None = None,
    forward: Forward | None = None,
    objective: ObjectiveLike | None = None,
    domain: DomainLike | None = None,
    space: Space | None = None,
    seed: int = 0,
) -> Attached:
    """Put regularizers on a network that you train: on the bare one, before `DistributedDataParallel`.

    Args:
        network: rewritten in place; its hooks give its forwards in training mode noise of their own, and leave torch's
            default generators as they are. Several networks, such as [mpd, msd], are one player with one optimizer.
        chain: "spectral-norm + r1(gamma=10, every=16)", a regularizer, or several in order.
        optimizer: yours; parameters that a regularizer adds join the group of the network's first parameter. Or a
            function that makes one from a list of parameters.
        role: "generator" or "discriminator"; only needed where the chain could be on either, and is asked for its turn.
        opponent: the other player as `attach` returned it, for regularizers that need both; or several of them, of
            which this player's regularizers look at the first.
        forward: how the network is called, (network, x, labels) → logits or samples, if not as `network(x)` or
            `network(x, labels)`: `lambda D, x, y: D(x)[0]`.
        objective: the adversarial loss, for the few regularizers that ask for it.
        domain: the kind of data: noise and augmentations. `detente.Tensors({"flip": flip})` has those that you name.
        space: which axis holds channels, where that is not the last.
        seed: of everything that regularizers draw.

    Raises:
        UsageError: a regularizer does not fit the network or the player, or the network is wrapped or attached already.
    """
    network = network if isinstance(network, nn.Module) else Several(network)
    opponents = (opponent,) if isinstance(opponent, Attached) else tuple(opponent or ())
    _check_bare(network)
    if isinstance(optimizer, Optimizer) and optimizer in _STEPPED:
        raise UsageError(
            "attach: another attached network has this optimizer, and each would step it. Attach them as one: "
            "attach([first, second], …, optimizer=optimizer)."
        )
    links = chain_of(*_links(chain)).links
    side = role or _role(links, opponents)
    for link in links:
        if side not in link.players and "both" not in link.players:
            raise UsageError(f"attach: {link.name} is not for the {side}; it is for the {' or '.join(link.players)}.")
    before = [p for p in network.parameters() if p.requires_grad]
    if not before:
        raise UsageError("attach: the network has no parameter that is trained.")
    modes = {module: module.training for module in network.modules()}
    device = before[0].device

    def followed(parameters: list[nn.Parameter]) -> Optimizer:
        return _followed(optimizer, before, parameters) if isinstance(optimizer, Optimizer) else optimizer(parameters)

    with kept(device):
        enter(Stream(seed).at("rewriting", side), torch.device("cpu"))
        try:
            player = Player(side, network, followed, chain_of(*links))
        finally:
            leave()
    for module, mode in modes.items():
        module.training = mode
    if isinstance(optimizer, Optimizer):
        _STEPPED.add(optimizer)
    return Attached(
        player,
        domain or Tensors(),
        objective=objective,
        space=space,
        forward=forward,
        opponents=opponents,
        seed=seed,
    )


def _check_bare(network: nn.Module) -> None:
    """Refuse a network that has hooks of ours already, or that somebody has wrapped."""
    if any(map(listened_to, network.modules())):
        raise UsageError("attach: this network has its regularizers. Put all of them in one chain.")
    for module in network.modules():
        names = {cls.__name__ for cls in type(module).__mro__}
        if names & {"FullyShardedDataParallel", "FSDPModule"}:
            raise UsageError(
                "attach: the network is sharded (FSDP). Penalties differentiate twice and averages copy weights, which "
                "sharded weights do not allow. Use DistributedDataParallel, after attach."
            )
        if names & {"DataParallel", "DistributedDataParallel", "OptimizedModule"}:
            raise UsageError("attach: the network is wrapped. Attach to the bare network, and wrap it afterwards.")


def _links(chain: str | Regularizer | Sequence[Regularizer]) -> Sequence[Regularizer]:
    if isinstance(chain, Regularizer):
        return (chain,)
    if not isinstance(chain, str):
        return chain
    # Text needs the parts that read recipes, and objects do not.
    from detente.recipe.written import regularizers

    return regularizers(chain)


def _role(links: Sequence[Regularizer], opponents: Sequence[Attached]) -> Role:
    """The player that a chain is for: not the opponent, the only one that can have it, or its first default."""
    if opponents:
        return "generator" if opponents[0].role == "discriminator" else "discriminator"
    able: list[Role] = [r for r in ROLES if all(r in link.players or "both" in link.players for link in links)]
    defaults = [r for link in links for r in link.players[:1] if r in able]
    if len(able) == 1:
        return able[0]
    return "generator" if defaults and defaults[0] == "generator" else "discriminator"


def _followed(optimizer: Optimizer, before: list[nn.Parameter], parameters: list[nn.Parameter]) -> Optimizer:
    """The caller's optimizer with the parameters that rewriting has added."""
    old = {id(p) for p in before}
    for group in optimizer.param_groups:
        if any(p is before[0] for p in group["params"]):
            group["params"].extend(p for p in parameters if id(p) not in old)
            return optimizer
    raise UsageError("attach: the optimizer does not have the network's parameters. Make it from this network's.")
