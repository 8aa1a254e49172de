"""Adaptive gradient clipping: limits each gradient relative to its weights."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Where, last_layers, layers, weights
from detente.engine.options import Positive
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment
from detente.errors import UsageError


class AdaptiveClip(Regularizer):
    r"""Scales each unit's gradient so that its norm is at most a fraction of the norm of the unit's weights.

    G_i ← λ ‖W_i‖* / ‖G_i‖ · G_i  where ‖G_i‖ / ‖W_i‖* > λ,  ‖W_i‖* = max(‖W_i‖, ε)      (Brock et al. 2021, eq. 3)

    W_i is row i of a layer's weight as [outputs, rest]. A bias or gain vector counts as one unit, as in the released
    code. Below the bound the factor is exactly 1. Penalties are in G. A parameter without a gradient stays without one.
    It has no inactive setting.

    Args:
        ratio: λ.
        eps: ε, so that weights that start at zero can move.
        where: glob patterns of parameter names; None for all except those of output layers, which the paper does not
            clip either.

    On weights (3, 4) with λ = 0.1, a gradient (6, 8) becomes (0.3, 0.4).
    """

    def __init__(self, ratio: Positive = 0.01, eps: Positive = 1e-3, where: Where = None) -> None:
        super().__init__()
        self.ratio, self.eps, self.where = ratio, eps, where
        self._units: list[tuple[nn.Parameter, tuple[int, ...] | None]] = []

    def attach(self, net: nn.Module) -> None:
        axes = {id(layer.weight): layer.out_axis for layer in layers(net)}
        chosen = weights(net, "*" if self.where is None else self.where)
        if self.where is None:
            chosen = [(name, p) for name, p in chosen if not _inside(name, last_layers(net))]
        if not chosen:
            raise UsageError(
                f"adaptive-clip: {type(net).__name__} has only output layers, which are excluded by default; select "
                "their parameters with where=."
            )
        self._units = [(p, _dims(p, axes.get(id(p)))) for _, p in chosen]

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        moving = [(p, p.grad, dims) for p, dims in self._units if p.grad is not None]
        if not moving:
            return
        W = [torch.linalg.vector_norm(p, dim=dims, keepdim=True) for p, _, dims in moving]
        G = [torch.linalg.vector_norm(grad, dim=dims, keepdim=True) for _, grad, dims in moving]
        torch._foreach_clamp_min_(W, self.eps)
        torch._foreach_mul_(W, self.ratio)
        factors = torch._foreach_div(W, torch._foreach_maximum(G, W))
        torch._foreach_mul_([grad for _, grad, _ in moving], factors)


def _inside(parameter: str, modules: tuple[str, ...]) -> bool:
    path = parameter.rpartition(".")[0]
    return any(path == name or path.startswith(f"{name}.") for name in modules)


def _dims(p: Tensor, out_axis: int | None) -> tuple[int, ...] | None:
    """The dimensions within a unit; None where the parameter is one unit."""
    if out_axis is None:
        if sum(n > 1 for n in p.shape) < 2:
            return None
        out_axis = 0
    return tuple(d for d in range(p.dim()) if d != out_axis)
