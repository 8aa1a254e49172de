"""Gradient normalization: a critic whose slope is bounded by construction."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from detente.engine.forward import abilities
from detente.engine.gradients import Logits, packs, safe_sqrt, score
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import Sample, detach, each, leaves, like, per_sample, sumsq
from detente.engine.step import SPACES, Role
from detente.errors import UsageError


class GradientNorm(Regularizer):
    r"""Divides the critic's output by the norm of its own input gradient plus its absolute value.

    D̂(x) = D(x) / (‖∇_x D(x)‖ + |D(x)|)      (Wu et al. 2021, section 3)

    So |D̂| ≤ 1, and where D is piecewise linear ‖∇D̂‖ ≤ 1. The derivative of D̂ goes through the norm. Each sub-critic
    has its own denominator. If it returns one logit per position, there is one denominator per sample, computed from
    the mean logit; then this mean lies between −1 and 1. Where the denominator is 0, D is not divided. x is the
    critic's input, after augmentation. The deployed network works in the same way, also without gradients enabled. It
    has no inactive setting.

    Args:
        space: "input": gradient with respect to the critic's input; "embedding": with respect to its embedding of it.

    Raises:
        UsageError: space is "embedding" and the network has none; or it is "input" and a penalty needs the critic as a
            function of its embedding.

    On a linear critic w = (3, 4): f / (5 + |f|) with f = wᵀx.
    """

    players = ("discriminator",)
    bounds_critic = True
    normalizes_slope = True

    def __init__(self, space: Literal["input", "embedding"] = "input") -> None:
        super().__init__()
        self.space: Literal["input", "embedding"] = space
        self.needs = SPACES[space].needs

    def rewrite(self, net: nn.Module) -> None:
        for need in self.needs:
            if need not in abilities(net):
                raise UsageError(f"gradient-norm: {type(net).__name__} has no {need!r} ability; use space='input'.")
        around = _Around(_TAKES[self.space])
        net.register_forward_pre_hook(around.enter)
        net.register_forward_hook(around.leave, always_call=True)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(gradient=2)


class _Call(NamedTuple):
    grad_enabled: bool
    wanted: bool
    """Whether the caller would have had a graph."""
    hook: RemovableHandle | None
    """To be removed when the forward is over."""


class _Around:
    """Runs a network's forward with a graph to what it is differentiated by, also where the caller wants none."""

    def __init__(self, take: "_Take") -> None:
        self.take = take
        self.calls: list[_Call] = []
        self.x: Any = None

    def enter(self, net: nn.Module, inputs: tuple) -> tuple:
        enabled = torch.is_grad_enabled()
        own = any(leaf.requires_grad for leaf in leaves(inputs[0])) or any(p.requires_grad for p in net.parameters())
        inputs, hook = self.take(self, net, inputs)
        self.calls.append(_Call(enabled, enabled and own, hook))
        torch.set_grad_enabled(True)
        return inputs

    def keep(self, x: Sample) -> Sample:
        """Take x, with a graph from here on, for what the logits are differentiated by."""
        self.x = each(lambda leaf: leaf if leaf.requires_grad else leaf.detach().requires_grad_(), x)
        return self.x

    def leave(self, net: nn.Module, inputs: tuple, output: Logits | None) -> Logits | None:
        if not self.calls:  # a hook before ours has refused the forward
            return None
        call, x, self.x = self.calls.pop(), self.x, None
        try:
            if output is None:  # the forward has failed
                return None
            out = each(lambda part: _normalized(part, x), output)
            return out if call.wanted else detach(out)
        finally:
            torch.set_grad_enabled(call.grad_enabled)
            if call.hook is not None:
                call.hook.remove()


_Take = Callable[[_Around, nn.Module, tuple], tuple[tuple, RemovableHandle | None]]


def _input(around: _Around, net: nn.Module, inputs: tuple) -> tuple[tuple, None]:
    return (around.keep(inputs[0]), *inputs[1:]), None


def _embedding(around: _Around, net: nn.Module, inputs: tuple) -> tuple[tuple, RemovableHandle]:
    def keep(stage: nn.Module, seen: tuple, output: Sample) -> Sample:
        return around.keep(output)

    # Last of the hooks on the stage, so that it sees what a penalty may have put in the embedding's place.
    return inputs, net.get_submodule("embed").register_forward_hook(keep)


_TAKES: Mapping[Literal["input", "embedding"], _Take] = {"input": _input, "embedding": _embedding}
"""By what the logits are differentiated; each gives the network its inputs, and a hook to remove afterwards."""


def _normalized(logits: Tensor, x: Sample) -> Tensor:
    f = score(logits)  # [B]
    grads = torch.autograd.grad(f.sum(), leaves(x), create_graph=True, allow_unused=True)
    if all(g is None for g in grads):
        raise UsageError(
            "gradient-norm: the logits do not depend on the network's input. If a penalty has space='embedding', give "
            "gradient-norm space='embedding' too."
        )
    grad = like(x, [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(grads, leaves(x), strict=True)])
    scale = safe_sqrt(sumsq(packs(grad, len(f)))) + f.abs()  # [B], or one for each pack
    return logits / per_sample(torch.where(scale == 0, torch.ones_like(scale), scale), logits)
