"""The one idea: a regularizer acts at a few points in the life of one player's network.

A point that it does not define is the identity. A chain of regularizers is a regularizer; `combinators` has `lazily`
and `annealed`, which make regularizers of regularizers. Chapters in the order of a network's life: rewrite,
attach, (augment, penalty, adjust_gradients, adjust_weights) at every update, deploy.
"""

import copy
import re
from collections.abc import Mapping
from operator import eq
from typing import Any, NamedTuple

from torch import Tensor, nn

from detente.engine.layers import Where
from detente.engine.options import Component, kebab
from detente.engine.sample import Sample
from detente.engine.step import Moment, Role, Step
from detente.engine.traits import check_off, check_traits, options_in
from detente.errors import UsageError

POINTS = ("rewrite", "attach", "augment", "penalty", "adjust_gradients", "adjust_weights", "deploy")
METHODS = {"deploy": ("deployed_from", "settle", "deploy")}
"""The methods of a point that has others than the one of its name."""


class Passes(NamedTuple):
    """Passes through a network that a regularizer adds to an update at which it fires."""

    critic: int = 0
    """Forward passes of the critic beyond those of the real and the fake batch."""
    generator: int = 0
    """Forward passes of the generator beyond the one that made the fakes."""
    gradient: int = 0
    """Backward passes that build a graph; the derivative of each is taken with the loss's own backward pass."""


class LinearGame(NamedTuple):
    """D(x) = ⟨w, x⟩ and G(z) = A z: the game for which most penalties have a closed form."""

    w: Tensor
    """[d]"""
    real: Tensor
    """[B, d]"""
    fake: Tensor
    """[B, d]"""
    A: Tensor
    """[d, k]"""
    z: Tensor
    """[B, k]"""


class Regularizer(Component, nn.Module):
    """Base class of all regularizers. Keep state in buffers, and options in attributes named as in `__init__`.

    Its properties are declared as traits, which a subclass overrides for the class or for an instance. Findings about
    combinations use only traits, so regularizers of plugins are treated like built-in ones.

    Attributes:
        players: the players that it supports; the first is the default, which can also be "both".
        needs: abilities that it needs of the model ("embed", "features") or of the objective ("softplus").
        off: the option values at which it does nothing at all, bit for bit; None if there is no such setting.
        fixed: options that are read once, when the network is built, so that a schedule of them would have no effect.
        sets_up_next: whether `adjust_weights` prepares the forward passes of the next update, as dropout's does; a
            schedule gives it the values of the next update there.
        watches: whether its `penalty` only looks at the step, and never adds to the loss.
        where: the layers or parameters that it acts on, as a glob or globs; None for those that it chooses itself.
        averages: whether it deploys an average of the weights; nothing that changes them may come after it in a chain.
        couples: whether its penalty in the discriminator's update depends on the generator's parameters.
        bounds_critic: whether it bounds the critic's slope, as the Wasserstein loss needs.
        slope_target: the gradient norm of the critic that its penalty targets; None if it has no such target.
        normalizes_weights: whether layers use their weights at another length than they are stored at; together with
            `bounds_critic`, at one at which a layer is 1-Lipschitz.
        bounds_weights: whether it keeps every weight between two bounds.
        decays_weights: whether it shrinks the weights that it acts on.
        decoupled: for a decay: whether it acts on the weights directly instead of through the gradient.
        normalizes_batch: whether it normalizes over the batch in training, so that outputs depend on other samples.
        mixes_samples: whether in training a sample's output depends on the others of its batch in any way.
        joins_samples: whether the critic gives one logit for several samples, whose gradients it has side by side.
        needs_positions: whether it normalizes over the positions of one sample, so that there must be some.
        drops_units: whether it sets hidden units to zero at random.
        normalizes_slope: whether the critic's own slope divides its output, so that its scale has no effect.
        by_position: whether its penalty depends on which dimensions of a sample are positions and which are channels.
        compares_samples: whether its penalty is more than a mean over samples, because it looks at several together.
        stops_gradients: whether a part of its penalty is taken as constant on purpose, though weights are in it.
        needs_simultaneous: whether it is meant for games in which both gradients are computed before either update.
        changes_itself_only: whether its `adjust_weights` leaves the network alone, so that it may follow an average.
    """

    players: tuple[str, ...] = ("discriminator", "generator")
    needs: tuple[str, ...] = ()
    off: Mapping[str, Any] | None = None
    fixed: tuple[str, ...] = ()
    sets_up_next: bool = False
    watches: bool = False
    where: Where = None
    averages: bool = False
    couples: bool = False
    bounds_critic: bool = False
    slope_target: float | None = None
    normalizes_weights: bool = False
    bounds_weights: bool = False
    decays_weights: bool = False
    decoupled: bool = False
    normalizes_batch: bool = False
    mixes_samples: bool = False
    joins_samples: bool = False
    needs_positions: bool = False
    drops_units: bool = False
    normalizes_slope: bool = False
    by_position: bool = False
    compares_samples: bool = False
    stops_gradients: bool = False
    needs_simultaneous: bool = False
    changes_itself_only: bool = False

    name: str = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.name = kebab(cls.__name__)
        check_traits(cls.__name__, vars(cls), TRAITS)
        for name in vars(cls).keys() & vars(Regularizer).keys():
            if callable(vars(Regularizer)[name]) and not hasattr(vars(cls)[name], "__get__"):
                raise UsageError(f"{cls.__name__}: {name} should be a method, and is {vars(cls)[name]!r}.")
        if "off" in vars(cls) and not isinstance(vars(cls)["off"], property):
            check_off(cls.__name__, cls.off, () if cls.__init__ is nn.Module.__init__ else options_in(cls.__init__))

    def rewrite(self, net: nn.Module) -> None:
        """Once, before training: insert hooks and named children. Names and types of modules stay."""

    def attach(self, net: nn.Module) -> None:
        """Once, after every rewrite and after warm-up: take copies, pick parameters."""

    def augment(self, x: Sample, m: Moment) -> Sample:
        """The critic's input instead of `x`, real or fake: [B, ...] per leaf, of the shapes of `x`.

        Differentiable; only called on the discriminator's chain.
        """
        return x

    def penalty(self, s: Step) -> Tensor | None:
        """A scalar to add to this player's loss, or None at this update."""

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        """After backward: change `.grad` in place."""

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        """After the optimizer's step; the only place where what `augment` or a rewritten module reads may change."""

    def deployed_from(self, net: nn.Module) -> nn.Module:
        """The network that is deployed: `net`, or an average of it that is kept here."""
        return net

    def settle(self, net: nn.Module) -> None:
        """Called before a copy of the network is deployed: finalize this regularizer's part of it, in place."""

    def deploy(self, net: nn.Module) -> nn.Module:
        """An independent copy in evaluation mode, for sampling and evaluation: `deployed_from`, copied, and `settle`d.

        A chain copies once for all its links. Override this only to return something other than such a copy.
        """
        out = copied(self.deployed_from(net))
        self.settle(out)
        return out

    def _settled(self, net: nn.Module) -> nn.Module:
        """The copy that a chain has made, after this link; one that overrides `deploy` hands out what it likes."""
        if type(self).deploy is not Regularizer.deploy:
            return self.deploy(net)
        self.settle(net)
        return net

    def passes(self, turn: Role = "discriminator") -> Passes:
        """The passes that it adds to an update of that player; the laws verify them."""
        return Passes()

    def on_linear_game(self, game: LinearGame) -> Tensor | None:
        """The penalty's value, a scalar, on a linear game in closed form, for the laws; None where there is none."""

    def inactive(self, m: Moment) -> bool:
        """Whether it does nothing at this moment; then it is skipped, not multiplied by 0 (0·∞ is NaN)."""
        return self.is_off()

    def is_off(self) -> bool:
        """Whether its options switch it off for good, as `off` states it."""
        return self.off is not None and all(map(eq, map(self.option, self.off), self.off.values()))

    def option(self, name: str) -> Any:
        """The value of an option, which stands in the attribute of its name; None where it has none of that name."""
        return getattr(self, name, None)

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        """Values for the log, a scalar each, computed only when a log line is written."""
        return {}

    def defines(self) -> frozenset[str]:
        """The points that this regularizer defines."""
        return points_of(type(self))


TRAITS: Mapping[str, Any] = Regularizer.__annotations__
"""Every trait with its type."""


def points_of(cls: type[Regularizer]) -> frozenset[str]:
    """The points that a class defines."""
    return frozenset(
        point
        for point in POINTS
        if any(getattr(cls, method) is not getattr(Regularizer, method) for method in METHODS.get(point, (point,)))
    )


def copied(net: nn.Module) -> nn.Module:
    """An independent copy of a network in evaluation mode."""
    return copy.deepcopy(net).requires_grad_(False).eval()


def check_name(name: str) -> None:
    """Whether a module can have a child of this name.

    Raises:
        UsageError: every module of torch sets an attribute of this name, such as `training`.
    """
    if name in vars(nn.Module()):
        raise UsageError(f"{name!r} cannot be the name of a regularizer, for torch's modules keep it; use another.")


def named(name: str, regularizer: Regularizer) -> Regularizer:
    """Name an instance, as is necessary for two of the same kind; state, streams and log lines use the name.

    Raises:
        UsageError: it is no name of letters, digits, - and _, does not begin with a letter, or torch has one like it.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise UsageError(
            f"{name!r} is not a valid regularizer name: use letters, digits, - and _, starting with a letter."
        )
    check_name(name)
    regularizer.name = name
    return regularizer
