"""Laws about training: what a regularizer may do during updates."""

import copy
import io
from typing import Any

import torch
from torch import Tensor

from detente.engine.gradients import graph_leaves
from detente.engine.regularizer import Regularizer, named
from detente.engine.sample import leaves
from detente.engine.step import Step
from detente.errors import UsageError
from detente.regularizers.batch_norm import BatchNorm
from detente.testing.laws.subject import Broken, Skip, Subject, played, same, where_it_can_be_used


def play_goes_on(s: Subject) -> None:
    """Steps run and weights stay finite."""
    game = s.game()
    played(game, s.case, 0, 3)
    for player in (game.generator, game.discriminator):
        for name, p in player.network.named_parameters():
            if not torch.isfinite(p).all():
                raise Broken(
                    f"after 3 steps {player.role}.{name} is not finite"
                    "; look for a division by 0 or a root at 0, or test it with gentler options"
                )


def off_is_absent_to_the_bit(s: Subject) -> None:
    """At its declared inactive setting, both networks train as without it."""
    one = s.make()
    off = one.off
    if off is None:
        raise Skip("it has no inactive setting")

    def switched_off() -> Regularizer:
        made = s.make()
        for option, value in off.items():
            setattr(made, option, value)
        return made

    quiet, absent = Subject(switched_off, s.case, s.role).game(), s.case.game(s.role, **s.play(one))
    played(quiet, s.case, 0, 6)
    played(absent, s.case, 0, 6)
    for a, b in ((quiet.generator, absent.generator), (quiet.discriminator, absent.discriminator)):
        same(
            b.network.state_dict(),
            a.network.state_dict(),
            f"with {dict(off)} the {a.role} trains differently; state an `off` at which nothing acts",
        )


def the_other_player_is_left_alone(s: Subject) -> None:
    """An update changes weights, buffers and gradients of its own player only, and its graph ends there too."""
    game = s.game()
    own = s.player(game)
    other = game.generator if own is game.discriminator else game.discriminator
    before = copy.deepcopy(other.network.state_dict())
    step = game.look(s.role, s.case.batch())
    for p in other.network.parameters():  # as in simultaneous play, where both gradients wait for both updates
        p.grad = torch.full_like(p, 0.5)
    with where_it_can_be_used():
        own.gradients(step, step.loss)
        own.apply()
    same(before, other.network.state_dict(), f"the {own.role}'s update changes the {other.role}; leave it alone")
    for n, p in other.network.named_parameters():
        if p.grad is None or not (p.grad == 0.5).all():
            raise Broken(
                f"the {own.role}'s update changes the gradient of {other.role}.{n}"
                "; detach the fakes, or call backward and zero_grad on nothing"
            )
        p.grad = None
    one = s.link(game)
    if s.role == "discriminator" and "penalty" in one.defines() and not one.couples:
        value = one.penalty(s.look(game))
        if value is not None:
            others = {id(p): n for n, p in other.network.named_parameters()}
            for leaf in graph_leaves(value):
                if id(leaf) in others:
                    raise Broken(
                        f"the penalty's graph reaches generator.{others[id(leaf)]}; detach the generated samples"
                    )


def extra_calls_shift_nobody(s: Subject) -> None:
    """Logits, fakes and running statistics are the same with and without computing the penalty."""
    s.needs("penalty")
    witness = [named("witness", BatchNorm())]
    try:
        s.case.game(s.role, s.make(), *witness)
    except UsageError:
        witness = []  # a network without hidden layers has no running statistics to shift

    def turn(asked: bool) -> tuple[list[Tensor], dict[str, Any]]:
        game = s.game(*[named("witness", BatchNorm()) for _ in witness])
        step = game.look(s.role, s.case.batch())
        if asked:
            with where_it_can_be_used():
                s.link(game).penalty(step.seen_by(s.link(game).name))
        out = [*leaves(step.real_logits), *leaves(step.fake_logits), *leaves(step.fake)]
        state = {f"D.{k}": v for k, v in game.discriminator.network.state_dict().items()}
        return out, state | {f"G.{k}": v for k, v in game.generator.network.state_dict().items()}

    (plain, quiet), (asked, after) = turn(False), turn(True)
    if any(not torch.equal(a, b) for a, b in zip(plain, asked, strict=True)):
        raise Broken(
            "computing the penalty changes logits or generated samples of the update"
            "; change no tensor of the step in place"
        )
    same(quiet, after, "computing the penalty changes a network; write state in adjust_weights")


def a_checkpoint_holds_everything(s: Subject) -> None:
    """Saved halfway and loaded into a new game, training continues identically, bit for bit."""
    whole, first = s.game(), s.game()
    played(whole, s.case, 0, 6)
    played(first, s.case, 0, 3)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second = s.game()
    second.load_state_dict(torch.load(file, weights_only=True))
    played(second, s.case, 3, 6)
    for a, b in ((whole.generator, second.generator), (whole.discriminator, second.discriminator)):
        same(a.network.state_dict(), b.network.state_dict(), f"resumed, the {a.role} differs; keep state in buffers")
        same(
            a.regularizer.state_dict(),
            b.regularizer.state_dict(),
            "resumed, its regularizers differ; keep state in buffers",
        )
        if a.last.keys() != b.last.keys() or any(not torch.equal(a.last[k][0], b.last[k][0]) for k in a.last):
            raise Broken(f"resumed, a term of the {a.role} differs; keep state in buffers, with register_buffer")


def penalties_commute_to_the_bit(s: Subject) -> None:
    """The order of penalties in a chain changes nothing."""
    one = s.needs("penalty")
    if one.defines() & {"rewrite", "adjust_gradients", "adjust_weights", "augment"}:
        raise Skip("it acts at points where order matters")

    class Witness(Regularizer):
        def penalty(self, s: Step) -> Tensor:
            net = s.discriminator if s.turn == "discriminator" else s.generator
            return torch.stack([p.square().sum() for p in net.parameters()]).sum() * 1e-3

    ends = []
    for links in ((s.make(), Witness()), (Witness(), s.make())):
        with where_it_can_be_used():
            game = s.case.game(s.role, *links, **s.play(one))
        played(game, s.case, 0, 3)
        ends.append(s.player(game).network.state_dict())
    same(ends[0], ends[1], "another order in the chain is another result; keep nothing in the class")
