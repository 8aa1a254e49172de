"""A player: a network, its optimizer and its regularizer."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from detente.engine import ranks
from detente.engine.chain import Chain, chain
from detente.engine.gradients import differentiates_compiled, graph_leaves
from detente.engine.network import check_trainable
from detente.engine.regularizer import Regularizer
from detente.engine.schedule import Ramp, Scheduled
from detente.engine.step import DomainLike, Moment, Role, Step
from detente.engine.streams import Stream
from detente.errors import UsageError

NO_SECOND_DERIVATIVE = (
    "it differentiates a gradient of the network, and torch.compile has no second derivatives. Leave that network "
    "uncompiled, or choose a penalty without one: approx-r1 and approx-r2 are r1 and r2 by a finite difference."
)


class WrongPenalty(UsageError):
    """A penalty returned something other than a tensor of one number."""


class Ineffective(UsageError):
    """A penalty depends on nothing that its player can change."""


OptimizerFactory = Callable[[list[nn.Parameter]], Optimizer]


class Player:
    """A network with its regularizer and optimizer.

    The constructor calls `rewrite`, then `attach`, and then creates the optimizer, which therefore has all parameters.
    Warm up the network before.

    Args:
        role: "generator" or "discriminator".
        network: the network; rewritten in place.
        optimizer: a function that creates the optimizer from the trainable parameters.
        regularizer: a regularizer or a chain of them; None for none.
        schedules: ramps on numbers of the optimizer, such as "lr" or "betas.1", over this player's updates.

    Raises:
        UsageError: a regularizer cannot be used on this network, or the network cannot be copied.
    """

    def __init__(
        self,
        role: Role,
        network: nn.Module,
        optimizer: OptimizerFactory,
        regularizer: Regularizer | None = None,
        schedules: Mapping[str, Ramp] | None = None,
    ) -> None:
        check_trainable(network)
        self.role: Role = role
        self.network = network.train()
        self.regularizer: Chain = chain(*(() if regularizer is None else (regularizer,)))
        self.regularizer.rewrite(network)
        self.regularizer.attach(network)
        first = next(network.parameters())
        self.regularizer.to(first.device)
        if first.dtype is torch.float64:
            self.regularizer.double()  # its running means are as exact as the game
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = optimizer(self.parameters)
        self._scheduled = Scheduled(self.optimizer, schedules) if schedules else None
        self._adjusts_gradients = "adjust_gradients" in self.regularizer.defines()
        self._adjusts_weights = "adjust_weights" in self.regularizer.defines()
        self.t = 0
        self.last: dict[str, tuple[Tensor, int]] = {}
        """Each term's last value, and the update at which it was computed (lazy penalties skip updates)."""
        self._proved: set[str] = set()
        self._moment: Moment | None = None
        if self._scheduled is not None:
            self._scheduled.set(self.t)

    @property
    def lr(self) -> float:
        """The learning rate of the first parameter group."""
        return self.optimizer.param_groups[0]["lr"]

    def moment(self, rng: Stream, domain: DomainLike) -> Moment:
        """That of this player's next update."""
        return Moment(self.t, rng, domain, self.optimizer.param_groups[0]["lr"])

    def penalties(self, step: Step) -> Iterator[tuple[str, Tensor]]:
        """Name and value (a scalar) of each penalty that fires; each is proved when it first does."""
        for name, value in self.regularizer.penalties(step):
            if name not in self._proved:
                self.prove(name, value)
            yield name, value

    def gradients(self, step: Step, loss: Tensor, extra: dict[str, Tensor] | None = None) -> None:
        """Loss, penalties and `extra` terms (scalars) → `.grad` of this player's own parameters; no weight changes."""
        terms = {"adversarial": loss, **(extra or {}), **dict(self.penalties(step))}
        total = loss
        for name, value in terms.items():
            if name != "adversarial":
                total = total + value
            self.last[name] = value.detach(), self.t
        for p in self.parameters:
            p.grad = None  # what zero_grad does, without its profiling hooks
        if total.requires_grad:
            total.backward(inputs=self.parameters)
        if ranks.size > 1:
            ranks.average(self.parameters, self.last, self.t)
        self._moment = step.m

    def apply(self) -> None:
        """Gradients adjusted → the optimizer's step → weights adjusted."""
        assert self._moment is not None, "gradients come before apply"
        update = self.update if ranks.size == 1 else ranks.in_common(self.update)
        update(self._moment, self.optimizer.step)
        self._moment = None

    @property
    def adjusts(self) -> bool:
        """Whether its regularizers change gradients or weights, at a moment that `update` must be told."""
        return self._adjusts_gradients or self._adjusts_weights

    def update(self, m: Moment | None, step: Callable[[], Any]) -> None:
        """What `apply` does, with this step of the optimizer; at this moment, or at none if nothing `adjusts`."""
        if self._adjusts_gradients:
            assert m is not None, "adjusts says so"
            with torch.no_grad():
                self.regularizer.adjust_gradients(self.network, m)
        step()
        if self._adjusts_weights:
            assert m is not None, "adjusts says so"
            with torch.no_grad():
                self.regularizer.adjust_weights(self.network, m)
        self.t += 1
        if self._scheduled is not None:
            self._scheduled.set(self.t)

    def deployed(self) -> nn.Module:
        """An independent copy for sampling, in evaluation mode, as the regularizer deploys it."""
        return self.regularizer.deploy(self.network)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next update depends on."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            **self.own_state(),
        }

    def own_state(self) -> dict[str, Any]:
        """The part of `state_dict` that neither the network nor the optimizer has."""
        return {"regularizer": self.regularizer.state_dict(), "t": self.t, "last": self.last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of `state_dict`, so that training continues identically."""
        self.network.load_state_dict(state["network"])
        self.load_own_state(state)
        self.optimizer.load_state_dict(state["optimizer"])
        if self._scheduled is not None:
            self._scheduled.set(self.t)  # of this run's length, which may be another than the saved one's

    def load_own_state(self, state: dict[str, Any]) -> None:
        """Restore what `own_state` returned."""
        self.regularizer.load_state_dict(state["regularizer"])
        self.t = state["t"]
        device = self.parameters[0].device if self.parameters else None
        self.last = {name: (value.to(device), t) for name, (value, t) in state["last"].items()}

    def prove(self, name: str, value: Tensor) -> None:
        """Once per penalty, when it first fires: a scalar that depends on something that this player can change?

        Raises:
            WrongPenalty, Ineffective: saying what it is instead.
        """
        where = f"{self.role}.regularizers.{name}"
        if not isinstance(value, Tensor):
            raise WrongPenalty(
                f"{where}: the penalty returned {value!r}, a {type(value).__name__}, but it should return a tensor of "
                "one number that was computed from the networks."
            )
        if value.shape != ():
            raise WrongPenalty(
                f"{where}: the penalty returned a tensor of shape {list(value.shape)}, but it should return one "
                "number, such as its mean over the batch."
            )
        if differentiates_compiled(value):
            raise UsageError(f"{where}: {NO_SECOND_DERIVATIVE}")
        own = {id(p) for p in self.parameters}
        if not any(id(v) in own for v in graph_leaves(value)):
            raise Ineffective(
                f"{where}: the penalty depends on no parameter of the {self.role}, so it would "
                "have no effect. Compute it from this player's network without detaching."
            )
        self._proved.add(name)
