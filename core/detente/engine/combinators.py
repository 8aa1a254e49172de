"""Regularizers made of regularizers: at every k-th update only, or with options that change along a line."""

from dataclasses import dataclass

from torch import Tensor, nn

from detente.engine.regularizer import Chain, LinearGame, Passes, Regularizer
from detente.engine.sample import Sample
from detente.engine.step import Moment, Role, Step
from detente.errors import UsageError


class _Wrapper(Regularizer):
    """Passes every point on to another regularizer; combinators change what they are about."""

    def __init__(self, inner: Regularizer) -> None:
        super().__init__()
        if isinstance(inner, Chain):
            raise UsageError("lazily and annealed take one regularizer, not a chain; wrap its links instead.")
        self.inner = inner
        self.name, self.players, self.needs = inner.name, inner.players, inner.needs
        self.off, self.averages, self.couples = inner.off, inner.averages, inner.couples
        self.bounds_critic = inner.bounds_critic

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

    def deploy(self, net: nn.Module) -> nn.Module:
        return self.inner.deploy(net)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return self.inner.passes(turn)

    def on_linear_game(self, game: LinearGame) -> Tensor | None:
        return self.inner.on_linear_game(game)

    def inactive(self, m: Moment) -> bool:
        return self.inner.inactive(m)

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        return self.inner.report(net)


class Lazily(_Wrapper):
    """See `lazily`."""

    def __init__(self, inner: Regularizer, every: int) -> None:
        super().__init__(inner)
        if every < 1 or "penalty" not in inner.defines():
            raise UsageError(
                f"{inner.name}: every={every} asks for a penalty at every {every}-th update; "
                + ("every must be 1 or more." if every < 1 else f"{inner.name} has no penalty to do lazily.")
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


@dataclass(frozen=True, slots=True)
class Ramp:
    """A straight line from `start` to `end` over `updates` of the player, constant afterwards."""

    start: float
    end: float
    updates: int

    def at(self, t: int) -> float:
        """The value at update `t`."""
        share = 1.0 if t >= self.updates else t / self.updates
        return self.start + (self.end - self.start) * share


class Annealed(_Wrapper):
    """See `annealed`."""

    def __init__(self, inner: Regularizer, ramps: dict[str, Ramp]) -> None:
        super().__init__(inner)
        self._target = (unwrap(inner),)  # in a tuple, so that it is not registered as a second child
        missing = [k for k in ramps if not isinstance(getattr(self._target[0], k, None), int | float)]
        if missing:
            raise UsageError(f"{inner.name} has no number called {missing[0]!r} that could be annealed.")
        self.ramps = ramps
        self._set(0)

    def _set(self, t: int) -> None:
        for name, ramp in self.ramps.items():
            setattr(self._target[0], name, ramp.at(t))

    def inactive(self, m: Moment) -> bool:
        # A chain asks this before any point of an update, and the values depend on t alone: nothing to save.
        self._set(m.t)
        return self.inner.inactive(m)


def annealed(regularizer: Regularizer, **ramps: Ramp) -> Regularizer:
    """The regularizer with options that change along a line: `annealed(R1(), gamma=Ramp(2.0, 0.2, updates=500))`."""
    return Annealed(regularizer, ramps) if ramps else regularizer


def unwrap(regularizer: Regularizer) -> Regularizer:
    """The regularizer inside `lazily` and `annealed`."""
    while isinstance(regularizer, _Wrapper):
        regularizer = regularizer.inner
    return regularizer
