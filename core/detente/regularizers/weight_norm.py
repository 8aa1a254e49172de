"""Weight normalization: learns the norm and the direction of a weight separately."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Layer, Reparametrization, Where, layers, reparametrize
from detente.engine.regularizer import Regularizer
from detente.engine.streams import Stream

_EPS = 1e-12


class WeightNorm(Regularizer):
    r"""Replaces every filter by a norm g times the direction of the stored weight.

    w = g · v / ‖v‖      (Salimans & Kingma 2016, eq. 2)

    One g per output, over all other dimensions of the weight. The stored parameter is v and keeps its name; g starts at
    ‖v‖, so that the function is unchanged, to the bit. (The paper's data-dependent initialization is not used.) A
    filter of zeros has no direction: its g is 0 and it gets a random v, so the function is unchanged and g can change.
    g counts as a gain, which l1, l2 and weight decay skip. It has no inactive setting.

    Args:
        where: glob patterns of layer names; None for all layers, including output layers.

    Raises:
        UsageError: no layer matches `where`.

    On v = (3, 4) with g = 10: (6, 8).
    """

    normalizes_weights = True

    def __init__(self, where: Where = None) -> None:
        super().__init__()
        self.where = where

    def rewrite(self, net: nn.Module) -> None:
        for layer in layers(net, self.where):
            child = self.name if layer.weight_name == "weight" else f"{self.name}_{layer.weight_name}"
            reparametrize(layer, child, _Direction(layer))


class _Direction(Reparametrization):
    @torch.no_grad()
    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.groups = layer.groups
        v = self._grouped(layer.weight)
        filters = (layer.out_axis,) if self.groups == 1 else (0, layer.out_axis + 1)
        self.dims = tuple(d for d in range(v.dim()) if d not in filters)
        norm = self._norm(v)
        # The same directions whatever else draws: they are keyed by the layer's name.
        draws = Stream(0).at("weight-norm", layer.name, layer.weight_name).generator()
        v.copy_(torch.where(norm == 0, torch.randn(v.shape, generator=draws).to(v), v))
        self.g = nn.Parameter(norm * layer.factor)

    def _grouped(self, v: Tensor) -> Tensor:
        """The weight with its groups apart, where each has filters of its own on a shared axis."""
        return v if self.groups == 1 else v.unflatten(0, (self.groups, -1))

    def _norm(self, v: Tensor) -> Tensor:
        return torch.linalg.vector_norm(v, dim=self.dims, keepdim=True)

    def forward(self, v: Tensor) -> Tensor:
        grouped = self._grouped(v)
        return (grouped * (self.g / self._norm(grouped).clamp(min=_EPS))).view_as(v)
