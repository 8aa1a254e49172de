"""Regularizers that wrap others: only at every k-th update, or with a schedule for options."""

from torch import Tensor, nn

from detente.engine.chain import Chain
from detente.engine.options import Count, declared_options, kebab
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import Sample
from detente.engine.schedule import Ramp as Ramp
from detente.engine.step import Moment, Role, Step
from detente.errors import UsageError


class _Wrapper(Regularizer):
    """Passes every point on to another regularizer, whose traits it has; combinators change what they are about."""

    def __init__(self, inner: Regularizer) -> None:
        super().__init__()
        if isinstance(inner, Chain):
            raise UsageError("lazily and annealed take one regularizer, not a chain; wrap its regularizers instead.")
        self.inner = inner
        for trait in Regularizer.__annotations__:
            setattr(self, trait, getattr(inner, trait))

    def defines(self) -> frozenset[str]:
        return self.inner.defines()

    def rewrite(self, net: nn.Module) -> None:
        self.inner.rewrite(net)

    def attach(self, net: nn.Module) -> None:
        self.inner.attach(net)

    def augment(self, x: Sample, m: Moment) -> Sample:
        return self.inner.augment(x, m)

    def penalty(self, s: Step) -> Tensor | None:
        return self.inner.penalty(s)

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        self.inner.adjust_gradients(net, m)

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        self.inner.adjust_weights(net, m)

    def deployed_from(self, net: nn.Module) -> nn.Module:
        return self.inner.deployed_from(net)

    def settle(self, net: nn.Module) -> None:
        self.inner.settle(net)

    def deploy(self, net: nn.Module) -> nn.Module:
        return self.inner.deploy(net)

    def _settled(self, net: nn.Module) -> nn.Module:
        return self.inner._settled(net)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return self.inner.passes(turn)

    def on_linear_game(self, game: LinearGame) -> Tensor | None:
        return self.inner.on_linear_game(game)

    def inactive(self, m: Moment) -> bool:
        return self.inner.inactive(m)

    def is_off(self) -> bool:
        return self.inner.is_off()

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        return self.inner.report(net)


class Lazily(_Wrapper):
    """See `lazily`."""

    def __init__(self, inner: Regularizer, every: Count) -> None:
        super().__init__(inner)
        if "penalty" not in inner.defines() or inner.watches:
            raise UsageError(
                f"{inner.name}: every={every} computes a penalty at every {every}-th update; {inner.name} has no "
                "penalty, so it cannot have every."
            )
        self.every = every

    def penalty(self, s: Step) -> Tensor | None:
        if s.m.t % self.every:
            return None
        value = self.inner.penalty(s)
        return None if value is None else value * self.every

    def on_linear_game(self, game: LinearGame) -> Tensor | None:
        value = self.inner.on_linear_game(game)
        return None if value is None else value * self.every


def lazily(regularizer: Regularizer, every: int) -> Regularizer:
    """The penalty times `every` at every `every`-th update of its player, all other points as they are.

    (Lazy regularization, Karras et al. 2020, appendix B; Adam's betas and rate are left as they are.)
    """
    return Lazily(regularizer, every) if every != 1 else regularizer


class Annealed(_Wrapper):
    """See `annealed`.

    The options are set at each point, from the point's own moment (where a point prepares the next update's forwards,
    from that update), and nowhere else. A report, a closed form or a count
    of passes is that of the last point.
    """

    def __init__(self, inner: Regularizer, ramps: dict[str, Ramp]) -> None:
        super().__init__(inner)
        self._target = (unwrap(inner),)  # in a tuple, so that it is not registered as a second child
        _check(self._target[0], ramps)
        self.ramps = ramps
        self._set(0)

    def _set(self, t: int) -> None:
        for name, ramp in self.ramps.items():
            setattr(self._target[0], name, ramp.at(t))

    def _acts(self, m: Moment) -> bool:
        """Take the values of this moment; whether there is anything to do with them."""
        self._set(m.t)
        return not self.inner.inactive(m)

    def augment(self, x: Sample, m: Moment) -> Sample:
        return self.inner.augment(x, m) if self._acts(m) else x

    def penalty(self, s: Step) -> Tensor | None:
        return self.inner.penalty(s) if self._acts(s.m) else None

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        if self._acts(m):
            self.inner.adjust_gradients(net, m)

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        self._set(m.t + self.sets_up_next)
        if not self.inner.inactive(m):
            self.inner.adjust_weights(net, m)

    def inactive(self, m: Moment) -> bool:
        """Never: a point that has nothing to do takes its values all the same, and then does nothing."""
        return False

    def is_off(self) -> bool:
        return False


def _check(target: Regularizer, ramps: dict[str, Ramp]) -> None:
    stated = declared_options(type(target))
    for name, ramp in ramps.items():
        known = stated.get(name)
        if not isinstance(target.option(name), int | float) or (known is not None and known.whole):
            raise UsageError(f"{target.name} has no numeric option {name!r} that can have a schedule.")
        if name in target.fixed:
            raise UsageError(
                f"{target.name}: {name} is read once, when the network is built, so it cannot have a schedule. "
                "Give it one value."
            )
        for end in (ramp.start, ramp.end):
            if known is not None and (problem := known.problem(end)):
                raise UsageError(f"{kebab(type(target).__name__)}: {name}={end!r} {problem}.")


def annealed(regularizer: Regularizer, **ramps: Ramp) -> Regularizer:
    """The regularizer with schedules of options: `annealed(R1(), gamma=Ramp(2.0, 0.2, updates=500))`."""
    return Annealed(regularizer, ramps) if ramps else regularizer


def unwrap(regularizer: Regularizer) -> Regularizer:
    """The regularizer inside `lazily` and `annealed`."""
    while isinstance(regularizer, _Wrapper):
        regularizer = regularizer.inner
    return regularizer
