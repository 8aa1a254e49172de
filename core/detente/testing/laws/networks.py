"""Laws of what a regularizer does to a network: rewriting it and handing it out."""

import copy

import torch
from torch import Tensor, nn

from detente.engine.sample import Sample, batch_size, each, leaves, to
from detente.engine.streams import Stream
from detente.testing.laws.subject import Broken, Skip, Subject, played, same


def names_and_types_stay(s: Subject) -> None:
    """A rewrite keeps every module's name and type and every parameter's name and shape."""
    s.needs("rewrite")
    before, game = s.case.game(s.role), s.game()
    a, b = s.player(before).network, s.player(game).network
    for name, module in a.named_modules():
        if type(b.get_submodule(name)) is not type(module):
            raise Broken(
                f"{name or 'the network'} becomes a {type(b.get_submodule(name)).__name__}"
                "; insert with after, before or reparametrize, which replace no module"
            )
    after = dict(b.named_parameters())
    for name, p in a.named_parameters():
        if name not in after or after[name].shape != p.shape:
            raise Broken(
                f"the parameter {name} is gone or has another shape"
                "; insert with after or reparametrize, which keep parameters and their names"
            )


def forwards_write_no_state(s: Subject) -> None:
    """Calling a rewritten network outside the root forwards leaves all its state as it is."""
    s.needs("rewrite")
    game = s.game()
    net = s.player(game).network
    step = s.look(game)  # a root forward of the generator, which may record
    before = copy.deepcopy(net.state_dict())
    with torch.no_grad():
        for _ in range(3):
            step.critic(step.real) if s.role == "discriminator" else step.generate(step.z)
    same(before, net.state_dict(), "an extra forward changes state; write it in adjust_weights")


def deployed_networks_are_settled(s: Subject) -> None:
    """What is deployed is an independent copy in evaluation mode, equal at every call, sample by sample."""
    game = s.game()
    played(game, s.case, 0, 2)
    player = s.player(game)
    deployed = player.deployed()
    if any(m.training for m in deployed.modules()) or not player.network.training:
        raise Broken(
            "the deployed copy is in training mode, or the trained network no longer is"
            "; return a copy from deploy, and leave the trained network's mode alone"
        )
    own = {p.data_ptr() for p in player.network.parameters()}
    if any(p.data_ptr() in own for p in deployed.parameters()):
        raise Broken(
            "the deployed copy shares a parameter with the trained network; copy the network with copy.deepcopy"
        )
    first = _out(s, deployed)
    if not torch.equal(first, _out(s, deployed)):
        raise Broken(
            "the deployed network gives another output for the same input; draw and count nothing in evaluation mode"
        )
    if s.role == "discriminator":
        if not torch.allclose(_out(s, deployed, 1), first[:1], rtol=1e-9, atol=1e-9):
            raise Broken(
                "the deployed network's output for a sample depends on the others in the batch"
                "; use running statistics in evaluation mode"
            )


def the_deployed_copy_stays_still(s: Subject) -> None:
    """What was deployed does not move when training goes on."""
    game = s.game()
    played(game, s.case, 0, 2)
    deployed = s.player(game).deployed()
    before, first = copy.deepcopy(deployed.state_dict()), _out(s, deployed)
    played(game, s.case, 2, 4)
    same(before, deployed.state_dict(), "after two more steps the deployed copy has moved on; deploy a deep copy")
    if not torch.equal(first, _out(s, deployed)):
        raise Broken("after two more steps the deployed copy gives another output; it reads from what is still trained")


def adjust_weights_is_what_it_declares(s: Subject) -> None:
    """`changes_itself_only` is true: after `adjust_weights` the network is as it was."""
    if not s.needs("adjust_weights").changes_itself_only:
        raise Skip("it does not declare that it changes itself only")
    game = s.game()
    link, net = s.link(game), s.player(game).network
    played(game, s.case, 0, 2)
    own = {k for k, _ in net.named_parameters()}
    before = {k: v.clone() for k, v in net.state_dict().items() if k in own}
    with torch.no_grad():
        link.adjust_weights(net, s.look(game).m)
    same(before, net.state_dict(), "its adjust_weights changes the network; do not declare changes_itself_only")


def _out(s: Subject, deployed: nn.Module, n: int | None = None) -> Tensor:
    """The deployed network's output for the first n of a batch, [n, ...], with the same noise of its own each time."""
    batch = s.case.batch()
    x: Sample = batch.x
    if s.role == "generator":
        torch.manual_seed(0)  # the generator's own noise is its model's affair
        x = to(s.case.model.latents(s.case.size, Stream(5).generator()), dtype=s.case.dtype)
    part = each(lambda leaf: leaf[:n], x)
    given = () if batch.labels is None else (batch.labels[: batch_size(part)],)
    with torch.no_grad():
        found = leaves(deployed(part, *given))
    return torch.cat([leaf.flatten(1) if leaf.dim() > 1 else leaf[:, None] for leaf in found], 1)
