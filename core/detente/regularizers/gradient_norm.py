"""Gradient normalization: a critic whose slope is bounded by construction."""

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from detente.engine.forward import abilities
from detente.engine.gradients import Logits, safe_sqrt, score
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import Sample, detach, each, leaves, like, per_sample, sumsq
from detente.engine.step import Role
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
        self.space = space

    def rewrite(self, net: nn.Module) -> None:
        if self.space == "embedding" and "embed" not in abilities(net):
            raise UsageError(f"gradient-norm: {type(net).__name__} has no 'embed' ability; use space='input'.")
        around = _Around(self.space == "embedding")
        net.register_forward_pre_hook(around.enter)
        net.register_forward_hook(around.leave, always_call=True)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(gradient=2)


class _Call(NamedTuple):
    grad_enabled: bool
    wanted: bool
    """Whether the caller would have had a graph."""
    embedding: RemovableHandle | None


class _Around:
    """Runs a network's forward with a graph to its input, also where the caller wants none."""

    def __init__(self, embedded: bool) -> None:
        self.embedded = embedded
        self.calls: list[_Call] = []
        self.x: Any = None

    def enter(self, net: nn.Module, inputs: tuple) -> tuple:
        enabled = torch.is_grad_enabled()
        own = any(leaf.requires_grad for leaf in leaves(inputs[0])) or any(p.requires_grad for p in net.parameters())
        # Last of the hooks on the stage, so that it sees what a penalty may have put in the embedding's place.
        stage = net.get_submodule("embed").register_forward_hook(self._embed) if self.embedded else None
        self.calls.append(_Call(enabled, enabled and own, stage))
        torch.set_grad_enabled(True)
        if self.embedded:
            return inputs
        self.x = _differentiable(inputs[0])
        return (self.x, *inputs[1:])

    def _embed(self, stage: nn.Module, inputs: tuple, output: Sample) -> Sample:
        self.x = _differentiable(output)
        return self.x

    def leave(self, net: nn.Module, inputs: tuple, output: Logits | None) -> Logits | None:
        call, x, self.x = self.calls.pop(), self.x, None
        try:
            if output is None:  # the forward has failed
                return None
            out = each(lambda part: _normalized(part, x), output)
            return out if call.wanted else detach(out)
        finally:
            torch.set_grad_enabled(call.grad_enabled)
            if call.embedding is not None:
                call.embedding.remove()


def _differentiable(x: Sample) -> Sample:
    return each(lambda leaf: leaf if leaf.requires_grad else leaf.detach().requires_grad_(), x)


def _normalized(logits: Tensor, x: Sample) -> Tensor:
    f = score(logits)  # [B]
    grads = torch.autograd.grad(f.sum(), leaves(x), create_graph=True, allow_unused=True)
    if all(g is None for g in grads):
        raise UsageError(
            "gradient-norm: the logits do not depend on the network's input. If a penalty has space='embedding', give "
            "gradient-norm space='embedding' too."
        )
    grad = like(x, [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(grads, leaves(x), strict=True)])
    scale = safe_sqrt(sumsq(grad)) + f.abs()  # [B]
    return logits / per_sample(torch.where(scale == 0, torch.ones_like(scale), scale), logits)
