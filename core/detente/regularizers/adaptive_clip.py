"""Adaptive gradient clipping: limits each gradient relative to its weights."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Layer, Where, last_layers, layers, weights
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

    Raises:
        UsageError: the network has only output layers.

    On weights (3, 4) with λ = 0.1, a gradient (6, 8) becomes (0.3, 0.4).
    """

    def __init__(self, ratio: Positive = 0.01, eps: Positive = 1e-3, where: Where = None) -> None:
        super().__init__()
        self.ratio, self.eps, self.where = ratio, eps, where
        self._units: list[tuple[nn.Parameter, int, tuple[int, ...] | None]] = []

    def attach(self, net: nn.Module) -> None:
        of = {id(layer.weight): layer for layer in layers(net)}
        chosen = weights(net, "*" if self.where is None else self.where)
        if self.where is None:
            chosen = [(name, p) for name, p in chosen if not _inside(name, last_layers(net))]
        if not chosen:
            raise UsageError(
                f"adaptive-clip: {type(net).__name__} has only output layers, which are excluded by default; select "
                "their parameters with where=."
            )
        self._units = [(p, *_unit(p, of.get(id(p)))) for _, p in chosen]

    def adjust_gradients(self, net: nn.Module, m: Moment) -> None:
        moving = [(_grouped(p, n), _grouped(p.grad, n), dims) for p, n, dims in self._units if p.grad is not None]
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


def _grouped(x: Tensor, groups: int) -> Tensor:
    """A view in which each group of a transposed convolution has an axis of its own."""
    return x if groups == 1 else x.unflatten(0, (groups, -1))


def _unit(p: Tensor, layer: Layer | None) -> tuple[int, tuple[int, ...] | None]:
    """The groups of a parameter, and the dimensions within a unit of it; None where it is one unit as a whole."""
    if layer is None:
        return 1, None if sum(n > 1 for n in p.shape) < 2 else tuple(range(1, p.dim()))
    if layer.groups > 1:
        return layer.groups, tuple(d for d in range(1, p.dim() + 1) if d != layer.out_axis + 1)
    return 1, tuple(d for d in range(p.dim()) if d != layer.out_axis)
