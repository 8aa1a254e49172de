"""A chain of regularizers is a regularizer: its links act in order at each point of a player's update."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor, nn

from detente.engine.regularizer import POINTS, TRAITS, Regularizer, check_name, copied
from detente.engine.sample import Sample
from detente.engine.step import Moment, Step
from detente.engine.traits import check_traits
from detente.errors import UsageError


def _points(link: Regularizer) -> frozenset[str]:
    found: object = link.defines()
    if isinstance(found, frozenset) and all(point in POINTS for point in found):
        return link.defines()
    raise UsageError(
        f"{link.name}: its defines returned {found!r}, and should return a frozenset of its points, which are "
        f"{', '.join(POINTS)}. Leave it out: the points are found by the methods of the class."
    )


class Chain(Regularizer):
    """Regularizers in order, flattened: how a recipe is nested changes neither numbers nor checkpoints.

    The links of each point are fixed here, once, so that a training step looks nothing up. Penalties run in the order
    of the instances' names, whatever the recipe's order; adjustments run in the recipe's.
    """

    def __init__(self, links: tuple[Regularizer, ...]) -> None:
        super().__init__()
        self.players = ("discriminator", "generator")
        for link in links:
            check_name(link.name)
            check_traits(link.name, {name: value for name, value in vars(link).items() if name in TRAITS}, TRAITS)
            if link.name in self._modules:
                raise UsageError(
                    f"two regularizers in one chain are called {link.name!r}; give one of them another name."
                )
            self._modules[link.name] = link  # add_module refuses names that nn.Module has, such as half
        self.links = links
        check_order(links)
        has = {p: tuple(link for link in links if p in _points(link)) for p in POINTS}
        self._rewriters, self._attachers, self._deployers = has["rewrite"], has["attach"], has["deploy"]
        self._augmenters, self._gradient_adjusters = has["augment"], has["adjust_gradients"]
        self._weight_adjusters = has["adjust_weights"]
        self._penalties = tuple(sorted(has["penalty"], key=lambda link: link.name))
        self._points = frozenset(p for p, found in has.items() if found)

    def defines(self) -> frozenset[str]:
        return self._points

    def rewrite(self, net: nn.Module) -> None:
        for link in self._rewriters:
            link.rewrite(net)

    def attach(self, net: nn.Module) -> None:
        for link in self._attachers:
            link.attach(net)

    def augment(self, x: Sample, m: Moment) -> Sample:
        for link in self._augmenters:
            if not link.inactive(m):
                x = link.augment(x, m.of(link.name))
        return x

    def penalties(self, s: Step) -> Iterator[tuple[str, Tensor]]:
        """Name and value (a scalar) of each penalty that fires at this update, in the order of the names."""
        for link in self._penalties:
            if not link.inactive(s.m):
                value = link.penalty(s.seen_by(link.name))
                if value is not None:
                    yield link.name, value

    def penalty(self, s: Step) -> Tensor | None:
        total: Tensor | None = None
        for _, value in self.penalties(s):
            total = value if total is None else total + value
        return total

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        for link in self._gradient_adjusters:
            if not link.inactive(m):
                link.adjust_gradients(net, m.of(link.name))

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        for link in self._weight_adjusters:
            if not link.inactive(m):
                link.adjust_weights(net, m.of(link.name))

    def deployed_from(self, net: nn.Module) -> nn.Module:
        for link in self._deployers:
            net = link.deployed_from(net)
        return net

    def deploy(self, net: nn.Module) -> nn.Module:
        """One copy, of the average if there is one; then the links in reverse, so that all settle on its weights."""
        out = copied(self.deployed_from(net))
        for link in reversed(self._deployers):
            out = link._settled(out)
        return out

    def inactive(self, m: Moment) -> bool:
        return all(link.inactive(m) for link in self.links)

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        return {
            link.name if key == "value" else f"{link.name}/{key}": value
            for link in self.links
            for key, value in link.report(net).items()
        }


def chain(*regularizers: Regularizer) -> Chain:
    """The regularizers, one after the other. `chain()` is the identity; nested chains are flattened.

    Raises:
        UsageError: two instances of one name, or something that rewrites or adjusts weights after an average.
    """
    flat: list[Regularizer] = []
    for r in regularizers:
        flat.extend(r.links if isinstance(r, Chain) else (r,))
    return Chain(tuple(flat))


class _Ordered(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def averages(self) -> bool: ...
    @property
    def changes_itself_only(self) -> bool: ...
    def defines(self) -> frozenset[str]: ...


def check_order(links: Sequence[_Ordered]) -> None:
    """Whether nothing stands behind an average that changes weights.

    Raises:
        UsageError: something does.
    """
    average: _Ordered | None = None
    for link in links:
        changes = {"rewrite"} if link.changes_itself_only else {"rewrite", "adjust_weights"}
        if average is not None and changes & link.defines():
            raise UsageError(
                f"{link.name} changes the network or its weights after {average.name} has averaged them. "
                f"Put {average.name} last."
            )
        if link.averages:
            average = link
