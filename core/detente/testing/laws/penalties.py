"""Laws of a penalty's value, gradient, draws and cost, on the networks of a case."""

import copy
import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy
import torch
from torch import Tensor

from detente.engine.player import Player
from detente.engine.regularizer import Passes
from detente.engine.step import Moment
from detente.testing.laws.subject import F64, Broken, Case, Skip, Subject, where_it_can_be_used


def draws_come_from_its_own_stream(s: Subject) -> None:
    """Global generators do not reach it, and another name makes it draw otherwise."""
    s.needs("penalty")
    game = s.game()
    link = s.link(game)
    before = copy.deepcopy(link.state_dict())

    def value(name: str, elsewhere: bool = False, seed: int = 1) -> Tensor:
        step = game.look(s.role, s.case.batch())
        assert step.real_logits is not None and step.fake_logits is not None  # now nothing seeds the generators for it
        if elsewhere:  # with the same logits, whose noise is the networks' own
            step = step.having(m=_elsewhere(step.m), root=step.root.at("elsewhere"), _calls=itertools.count())
        torch.manual_seed(seed)
        numpy.random.seed(seed)  # noqa: NPY002  the global generator is the point
        random.seed(seed)
        try:
            with where_it_can_be_used():
                found = link.penalty(step.seen_by(name))
        finally:
            link.load_state_dict(before)
        if found is None:
            raise Skip("it adds nothing to the loss")
        return found

    first = value(link.name)
    if not torch.equal(first, value(link.name, seed=2)):
        raise Broken("the penalty changes with the state of a global generator; draw from s.m.rng")
    draws = not torch.equal(first, value(link.name, elsewhere=True))
    if draws and torch.equal(first, value("another")):
        raise Broken("two instances of different names draw the same; draw from s.m.rng, which knows the name")


def _elsewhere(m: Moment) -> Moment:
    return Moment(m.t, m.rng.at("elsewhere"), m.domain, m.lr)


def zero_gradients_are_survived(s: Subject) -> None:
    """Where networks are constant, the penalty and its gradient are finite."""
    s.needs("penalty")
    game = s.game()
    with torch.no_grad():
        for player in (game.generator, game.discriminator):
            for p in player.network.parameters():
                p.zero_()
    value = s.penalty(game)
    if not torch.isfinite(value):
        raise Broken(
            f"with all weights zero the penalty is {value.item()}"
            "; take roots with safe_sqrt and add an ε to what divides"
        )
    for g in _gradient(value, s.player(game)):
        if not torch.isfinite(g).all():
            raise Broken(
                "with all weights zero the penalty's gradient is not finite"
                "; take roots with safe_sqrt, whose slope at 0 is 0"
            )


def _gradient(value: Tensor, player: Player) -> list[Tensor]:
    if not value.requires_grad:
        return [torch.zeros_like(p) for p in player.parameters]
    grads = torch.autograd.grad(value, player.parameters, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for g, p in zip(grads, player.parameters, strict=True)]


def gradients_match_finite_differences(s: Subject) -> None:
    """Along a random direction of the player's weights, the penalty's slope is its gradient's."""
    if s.needs("penalty").stops_gradients:
        raise Skip("a part of it is taken as constant on purpose")
    if s.case.dtype != F64:
        raise Skip("finite differences need float64")
    game = s.game()
    player = s.player(game)
    value = s.penalty(game)
    draws = torch.Generator().manual_seed(11)
    way = [torch.randn(p.shape, generator=draws, dtype=p.dtype) for p in player.parameters]
    grads = _gradient(value, player)
    slope = sum((g * w).sum().item() for g, w in zip(grads, way, strict=True))

    def at(h: float) -> float:
        with torch.no_grad():
            for p, w in zip(player.parameters, way, strict=True):
                p.add_(w, alpha=h)
        out = s.penalty(game).item()
        with torch.no_grad():
            for p, w in zip(player.parameters, way, strict=True):
                p.add_(w, alpha=-h)
        return out

    h = 1e-6
    measured = (at(h) - at(-h)) / (2 * h)
    # Rounding of the value over 2h, curvature h²; a kink of a leaky ReLU within h would be bad luck.
    if abs(measured - slope) > 1e-5 * (1 + abs(slope) + abs(value.item())):
        raise Broken(
            f"finite differences give a slope of {measured:.8g}, the gradient gives {slope:.8g}"
            "; detach nothing that the penalty's gradient should see"
        )


def stays_float32_under_autocast(s: Subject) -> None:
    """With networks in bfloat16, penalties and weights are float32 and finite."""
    s.needs("penalty")
    case = Case(s.case.name, s.case.domain, s.case.data, s.case.model, s.case.size, torch.float32)
    half = Subject(s.make, case, s.role)
    value = half.penalty(half.game(autocast=torch.bfloat16))
    if value.dtype != torch.float32 or not torch.isfinite(value):
        raise Broken(
            f"under autocast the penalty is {value.item()} in {value.dtype}"
            "; compute in float32: `.float()` what the critic returns"
        )


def declared_passes_are_the_real_ones(s: Subject) -> None:
    """`passes()` states exactly the forward and backward passes that the penalty adds."""
    s.needs("penalty")
    game = s.game()
    counts = {"critic": 0, "generator": 0, "gradient": 0}

    def count(what: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            counts[what] += 1

        return hook

    step = s.look(game)
    _ = step.loss  # computes the logits that the penalty then shares
    hooks = [
        game.discriminator.network.register_forward_hook(count("critic")),
        game.generator.network.register_forward_hook(count("generator")),
    ]
    real_grad = torch.autograd.grad

    def counted(*args: Any, **kwargs: Any) -> Any:
        counts["gradient"] += 1
        return real_grad(*args, **kwargs)

    torch.autograd.grad = counted
    try:
        with where_it_can_be_used():
            s.link(game).penalty(step)
    finally:
        torch.autograd.grad = real_grad
        for hook in hooks:
            hook.remove()
    declared = s.link(game).passes(s.role)
    if Passes(**counts) != declared:
        raise Broken(
            f"it declares {declared} but makes {Passes(**counts)}"
            "; correct passes(), or use s.real_logits and s.fake_logits, which are shared"
        )
