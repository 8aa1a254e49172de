"""Equalized learning rates: layers whose weights are stored at one scale and used at that of their size."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Layer, Reparametrization, reparametrize


@torch.no_grad()
def equalize(layer: nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d, gain: float = 1.0, rate: float = 1.0) -> None:
    r"""Let a layer compute with ŵ = c w, w ~ N(0, 1), so that all weights move equally fast under Adam.

    ŵ = w · gain / √(inputs of an output)      (Karras et al. 2018, section 4.1)

    Adam's steps are about as long whatever the scale of a gradient is, so a layer with smaller weights would move
    relatively faster. The parameter keeps its name, is drawn anew from torch's default random generator and is what
    optimizers and weight penalties see; regularizers that are inserted later, as spectral-norm is, act on ŵ.

    Args:
        layer: changed in place; its bias starts at 0.
        gain: the standard deviation of an output over that of the inputs, at the start.
        rate: how much slower weights and bias learn (StyleGAN's `lrmul`): they are stored divided by it.
    """
    scale = gain * rate * layer.weight[0].numel() ** -0.5
    nn.init.normal_(layer.weight, std=1 / rate)
    reparametrize(Layer("", layer, "weight", 0, None), "equalized", _Factor(scale))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
        if rate != 1:
            reparametrize(Layer("", layer, "bias", 0, None), "equalized_bias", _Factor(rate))


class _Factor(Reparametrization):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = self.factor = by

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.by
