"""Orthogonal regularization: penalizes similar filters."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Layer, Where, layers
from detente.engine.options import NonNegative
from detente.engine.regularizer import Regularizer
from detente.engine.step import Step


class Orthogonal(Regularizer):
    r"""Penalizes the inner products between the filters of each layer, but not their norms.

    R_β(W) = β ‖W Wᵀ ⊙ (1 − I)‖²_F, summed over layers      (Brock et al. 2019, section 3.1)

    W is the weight reshaped to [outputs, rest], one filter a row. It is the stored weight: if another regularizer
    normalizes it, the angles between filters are the same and the norms are not.

    Args:
        weight: β.
        where: glob patterns of layer names; None for all layers, including output layers.

    Raises:
        UsageError: no layer matches `where`.

    On W = ((1, 0), (1, 1)): 2β. A layer with one output has no penalty.
    """

    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 1e-4, where: Where = None) -> None:
        super().__init__()
        self.weight, self.where = weight, where
        self._chosen: list[Layer] = []

    def attach(self, net: nn.Module) -> None:
        self._chosen = list(
            {(id(x.weight), x.out_axis): x for x in layers(net, self.where)}.values()  # a shared weight counts once
        )

    def penalty(self, s: Step) -> Tensor:
        costs = []
        for layer in self._chosen:
            W = layer.rows(layer.weight).flatten(1)  # [outputs, rest]
            gram = W @ W.T
            costs.append((gram - gram.diagonal().diag()).square().sum())
        return self.weight * torch.stack(costs).sum()
