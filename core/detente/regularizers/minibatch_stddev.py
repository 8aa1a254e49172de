"""Minibatch standard deviation: lets the critic see how much samples differ."""

from typing import Annotated

import torch
from torch import Tensor, nn

from detente.engine import ranks
from detente.engine.layers import Inserted, Layer, Where, adopt, last_layers, layers
from detente.engine.options import Portion, Range
from detente.engine.regularizer import Regularizer
from detente.engine.sample import per_sample
from detente.engine.streams import current_pass, recomputed
from detente.errors import UsageError

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class MinibatchStddev(Regularizer):
    r"""Adds the standard deviation within groups of samples to the critic, as one more input channel of a layer.

    s = mean over features and positions of √(Var_group h + 1e-8),  layer([h, s])      (Karras et al. 2018, section 3)

    h is the layer's input. The layer's weight keeps its shape: the weights of the added channel are a separate
    parameter, and the channel's contribution is added to the layer's output, which for linear layers and convolutions
    is the same as concatenating. They start at 0, so that the function is unchanged at first; in a layer with an
    equalized learning rate they are multiplied by its constant as its own are. Sample b is in group b mod B/G, as in
    the released code, with G = `group` or, where that does not divide the batch, the next number that does. In
    evaluation a score must not depend on other samples, so there s is its running mean over the main forward passes. It
    has no inactive setting.

    Args:
        group: G, samples per group.
        momentum: weight of the newest batch in the running mean.
        where: glob patterns of layer names; None for the output layers.

    Raises:
        UsageError: the layer is grouped, transposed or no convolution and not linear either.

    On h = (1, 3, 5, 7), one feature and one group: s = √5.
    """

    players = ("discriminator",)
    mixes_samples = True
    fixed = ("momentum",)

    def __init__(self, group: Annotated[int, Range(least=2)] = 4, momentum: Portion = 0.1, where: Where = None) -> None:
        super().__init__()
        self.group, self.momentum, self.where = group, momentum, where

    def rewrite(self, net: nn.Module) -> None:
        chosen = layers(net, self.where)
        if self.where is None:
            last = last_layers(net)
            chosen = [layer for layer in chosen if layer.name in last]
        for layer in chosen:
            convolution = isinstance(layer.module, _CONVOLUTIONS) and layer.module.groups == 1
            if not convolution and not isinstance(layer.module, nn.Linear):
                raise UsageError(
                    f"minibatch-stddev: {layer.name!r} is neither a linear layer nor a plain convolution, so no "
                    "channel can be added; select another layer with where=."
                )
            child = _Channel(layer, self.group, self.momentum)
            adopt(layer.module, self.name, child)
            # First of the hooks, so that it adds to the layer's own output and not to a normalized one.
            layer.module.register_forward_hook(_Add(self.name), prepend=True)


class _Add(Inserted):
    def __init__(self, child: str) -> None:
        self.child = child

    def __call__(self, module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
        return output + module._modules[self.child](module, inputs[0], output)  # type: ignore[misc]


class _Channel(nn.Module):
    """What a layer makes of one more input channel that is constant within each sample."""

    running: Tensor

    def __init__(self, layer: Layer, group: int, momentum: float) -> None:
        super().__init__()
        self.group, self.momentum = group, momentum
        self.factor = layer.factor  # so that under Adam the new weights move as fast as the layer's own
        self.weight = nn.Parameter(torch.zeros_like(layer.weight[:, :1]))  # [outputs, 1, kernel...]
        self.register_buffer("running", torch.zeros(()))

    def forward(self, module: nn.Module, h: Tensor, output: Tensor) -> Tensor:
        # Groups are of the joint batch.
        s = ranks.own_rows(self._stddev(ranks.joint_batch(h))) if self.training else self.running.expand(h.shape[0])
        weight = self.weight * self.factor
        if isinstance(module, _CONVOLUTIONS):
            ones = torch.ones(1, 1, *h.shape[2:], device=h.device, dtype=h.dtype)
            unit = module._conv_forward(ones, weight.to(h.dtype), None)  # [1, outputs, ...]
        else:
            unit = weight[:, 0]  # [outputs]
        return (per_sample(s, output) * unit).to(output.dtype)

    def _stddev(self, h: Tensor) -> Tensor:
        B = h.shape[0]
        G = next(g for g in range(min(self.group, B), B + 1) if B % g == 0)
        x = h.to(self.weight.dtype).reshape(G, B // G, -1)  # [G, groups, features]
        var = (x - x.mean(0)).square().mean(0)
        s = (var + 1e-8).sqrt().mean(1)  # [groups]
        if current_pass().records and not recomputed():
            self.running.lerp_(s.detach().mean(), self.momentum)
        return s.repeat(G)
