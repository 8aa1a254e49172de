"""Laws that a regularizer does something: as a whole, at each of its points, and where it is told to.

They hold if they hold in one case: a clip at 1 does nothing where all gradients are small.
"""

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from detente.engine.game import Game
from detente.engine.layers import layers
from detente.engine.regularizer import METHODS, Regularizer
from detente.engine.where import matches
from detente.testing.laws.subject import Broken, Dead, Skip, Subject, played

_STEPS = 6


def it_has_an_effect(s: Subject) -> None:
    """Its player trains otherwise than without it, or something else of it is deployed."""
    game, absent = s.game(), s.case.game(s.role, **s.play(s.make()))
    if _ends(s, game, own=False) == _ends(s, absent, own=False):
        raise Broken(
            f"after {_STEPS} updates the {s.role} and what is deployed of it are what they are without it. Is `off` "
            "its default, is a copy missing (`.clone()`), are results not written back (`.copy_`, `.mul_`)? "
            "If its defaults are gentle, test it with stronger options."
        )


def its_penalty_depends_on_its_player(s: Subject) -> None:
    """Somewhere the penalty is computed from what this player can change."""
    s.needs("penalty")
    try:
        played(s.game(), s.case, 0, 1)
    except Dead as dead:
        raise Broken(str(dead)) from dead


def _ends(s: Subject, game: Game, own: bool = True) -> dict[str, bytes]:
    """All that is left after some updates, as bytes by name."""
    played(game, s.case, 0, _STEPS)
    player = s.player(game)
    found = {f"trained {k}": v for k, v in player.network.state_dict().items()}
    found |= {f"deployed {k}": v for k, v in player.deployed().state_dict().items()}
    if own:
        found |= {f"own {k}": v for k, v in player.regularizer.state_dict().items()}
    else:  # what it has inserted is no effect by itself
        bare = s.case.game(s.role).player(s.role).network.state_dict().keys()
        found = {k: v for k, v in found.items() if k.partition(" ")[2] in bare}
    return {k: _bytes(v) for k, v in found.items()}


def _bytes(value: Any) -> bytes:
    return value.numpy().tobytes() if isinstance(value, Tensor) else repr(value).encode()


def _point(name: str) -> Callable[[Subject], None]:
    def law(s: Subject) -> None:
        one = s.needs(name)
        if one.defines() <= {name, "rewrite", "attach"}:
            raise Skip("it is its only point, and the law that it has an effect says the same")
        if name == "adjust_weights" and one.sets_up_next:
            raise Skip("it matters to schedules alone")
        with_it = _ends(s, s.game())
        masked = Subject(lambda: _without(s.make(), name), s.case, s.role)
        try:
            without = _ends(s, masked.game())
        except Skip:
            raise
        except Exception:
            return  # it cannot even run without
        if with_it == without:
            raise Broken(
                f"{name} does nothing: the regularizer leaves the same without it. Does it write its result back, in "
                "place? If its defaults are gentle, test it with stronger options."
            )

    law.__name__ = f"{name}_has_an_effect"
    law.__doc__ = f"Without its {name} something would be different, somewhere."
    return law


POINT_LAWS = tuple(_point(name) for name in ("augment", "penalty", "adjust_gradients", "adjust_weights", "deploy"))


def _without(one: Regularizer, point: str) -> Regularizer:
    """The same instance with one point left at the identity."""
    cls = type(one)
    identity = {method: getattr(Regularizer, method) for method in METHODS.get(point, (point,))}
    masked = type(cls.__name__, (cls,), identity)
    masked.name = one.name
    one.__class__ = masked
    return one


def where_chooses(s: Subject) -> None:
    """Told to act on one layer, it does otherwise than told to act on another."""
    names = _told_where(s)
    for a, b in itertools.islice(itertools.combinations(names, 2), 6):
        try:
            ends = [_ends(s, _at(s, name).game()) for name in (a, b)]
        except Skip:
            continue
        if ends[0] != ends[1]:
            return
        raise Broken(
            f"where={a!r} and where={b!r} give the same: `where` is ignored"
            "; hand it to layers(net, where) or weights(net, where) and use what they return"
        )
    raise Skip("it cannot be put on two layers there")


def _told_where(s: Subject) -> list[str]:
    if "where" not in inspect.signature(type(s.make())).parameters:
        raise Skip("it has no option `where`")
    names = list(dict.fromkeys(layer.name for layer in layers(s.case.game(s.role).player(s.role).network)))
    if len(names) < 2:
        raise Skip("the network has one layer")
    return names


def _at(s: Subject, layer: str) -> Subject:
    def made() -> Regularizer:
        one = s.make()
        one.where = [layer, f"{layer}.*"]  # as the name of a layer, and in those of its parameters
        return one

    return Subject(made, s.case, s.role)


def adjustments_keep_to_where(s: Subject) -> None:
    """Told to act on one layer, its adjustments change nothing of any other."""
    points = s.make().defines() & {"adjust_gradients", "adjust_weights"}
    if not points:
        raise Skip("it adjusts nothing")
    name = _told_where(s)[0]
    game = _at(s, name).game()
    link, net = s.link(game), s.player(game).network
    m = s.look(game).m
    others = {n: p for n, p in net.named_parameters() if not matches(n, link.where) and p.requires_grad}
    draws = torch.Generator().manual_seed(5)
    for p in net.parameters():
        p.grad = 10 * torch.randn(p.shape, generator=draws, dtype=p.dtype)
    before = {n: (p.detach().clone(), p.grad.clone()) for n, p in others.items() if p.grad is not None}
    with torch.no_grad():
        link.adjust_gradients(net, m)
        link.adjust_weights(net, m)
    for n, (weight, grad) in before.items():
        now = others[n].grad
        if now is None or not torch.equal(now, grad) or not torch.equal(others[n], weight):
            raise Broken(f"where={name!r}, but {n} is changed too; walk over `weights(net, self.where)`")
