"""Scores and their gradients, for logits and samples of any structure: the forms that several papers share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from detente.engine import ranks
from detente.engine.sample import Sample, batch_size, each, leaves, lerp, like, sumsq
from detente.errors import UsageError

Logits = Tensor | tuple[Tensor, ...]
"""[B], [B, positions...], or a tuple of those with one entry per sub-critic; raw, high = real."""


_scale = 1.0


@contextmanager
def scaled_by(scale: float) -> Iterator[None]:
    """Differentiate `scale` times the value and divide the gradient: in float16 small ones would round to 0."""
    global _scale
    before, _scale = _scale, scale
    try:
        yield
    finally:
        _scale = before


def differentiated(value: Tensor, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
    """∇ value with respect to each input, as a graph that can be differentiated again; 0 where it does not depend."""
    if _scale == 1:
        return torch.autograd.grad(value, inputs, create_graph=True, materialize_grads=True)
    grads = torch.autograd.grad(value * _scale, inputs, create_graph=True, materialize_grads=True)
    return [g / _scale for g in grads]


def score(logits: Logits) -> Tensor:
    """One number per sample, [B]: mean over positions, summed over sub-critics."""
    total: Tensor | None = None
    for part in leaves(logits):
        mean = part.flatten(1).mean(1) if part.dim() > 1 else part
        total = mean if total is None else total + mean
    assert total is not None, "a critic returns at least one logit"
    return total


def input_gradient(logits: Logits, x: Sample) -> Sample:
    """∇_x of the score, sample by sample, as a graph that can be differentiated again; shaped as `x`.

    The scores are summed over the batch, so row b is the gradient of sample b's own score as long as the critic keeps
    samples apart (batch norm in training mode does not). A leaf that the critic ignores has gradient zero. A critic
    that gives one score for m samples has a row for each of its scores, with those of the m side by side: see `packs`.
    """
    parts, scores = leaves(x), score(logits)
    total = scores.sum()
    if not total.requires_grad:
        return packs(like(x, [torch.zeros_like(p) for p in parts]), len(scores))
    return packs(like(x, differentiated(total, parts)), len(scores))


def packs(x: Sample, n: int) -> Sample:
    """Samples [n·m, d, ...] as n packs [n, m·d, ...] of m consecutive ones each, side by side; `x` itself if m is 1.

    Raises:
        UsageError: they make no n packs.
    """
    if batch_size(x) == n:
        return x
    if n == 0 or batch_size(x) % n:
        raise UsageError(
            f"a critic gave {n} scores for {batch_size(x)} samples; it should give one for each sample, or one for "
            "each pack of as many."
        )
    return each(lambda leaf: leaf.reshape(n, -1, *leaf.shape[2:]), x)


def position_sumsq(grad: Sample, axes: Sequence[int]) -> Tensor:
    """Squared norms over the channel axis of each leaf: [B, P], the positions of all leaves side by side."""
    parts = [
        sumsq(leaf.movedim(axis, -1).flatten(0, -2)).view(leaf.shape[0], -1)
        for leaf, axis in zip(leaves(grad), axes, strict=True)
    ]
    return torch.cat(parts, dim=1)


def safe_sqrt(sq: Tensor) -> Tensor:
    """√sq, [B] → [B] or of any shape, with gradient 0 where sq is 0: the norm's subgradient of least norm there.

    Plain sqrt has an infinite slope at 0, and ∞·0 is NaN.
    """
    zero = sq == 0
    return torch.where(zero, torch.zeros_like(sq), torch.where(zero, torch.ones_like(sq), sq).sqrt())


def mix(real: Sample, fake: Sample, generator: torch.Generator) -> Sample:
    """x̂ = (1 − α)·real + α·fake, one α ~ U[0, 1) per sample for all its leaves, as a fresh leaf of the graph.

    (Gulrajani et al. 2017, algorithm 1; there α weighs the real side, which is the same distribution.)
    """
    first = leaves(real)[0]
    alpha = torch.rand(batch_size(real), generator=generator, device=first.device, dtype=first.dtype)
    mixed = lerp(real, fake, alpha)
    return like(mixed, [leaf.detach().requires_grad_() for leaf in leaves(mixed)])


def parameter_gradients(parameters: Sequence[Tensor]) -> list[Tensor]:
    """The `.grad` of each parameter, of its shape [...], made of zeros where backward left none."""
    for p in parameters:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    return [p.grad for p in parameters if p.grad is not None]


def gradient_sumsq(loss: Tensor, net: nn.Module) -> Tensor:
    """‖∇ loss‖² over all trainable parameters of a network jointly, as a graph that can be differentiated again."""
    parameters = [p for p in net.parameters() if p.requires_grad]
    grads = ranks.means(differentiated(loss, parameters))
    return torch.stack([g.square().sum() for g in grads]).sum()


def graph_leaves(value: Tensor) -> Iterator[Tensor]:
    """The leaves that a value's graph ends in: the parameters and inputs that it depends on."""
    for node in _graph(value):
        # Autograd's nodes have no common class; the one that ends in a leaf has it as `variable`.
        if isinstance(leaf := getattr(node, "variable", None), Tensor):
            yield leaf


def differentiates_compiled(value: Tensor) -> bool:
    """Whether a value depends on a gradient of a compiled network, which `torch.compile` cannot differentiate again."""
    return any(node.name() == "CompiledFunctionBackwardBackward" for node in _graph(value))


def _graph(value: Tensor) -> Iterator[Any]:
    """The nodes of a value's graph."""
    seen: set[Any] = set()
    todo = [value.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            todo.extend(n for n, _ in node.next_functions)
