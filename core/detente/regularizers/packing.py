"""Packing: the critic judges several samples at once."""

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente.engine import ranks
from detente.engine.gradients import Logits
from detente.engine.layers import Inserted, Layer, Where, adopt, layers
from detente.engine.network import input_layers
from detente.engine.options import Range
from detente.engine.regularizer import Regularizer
from detente.engine.sample import batch_size, leaves
from detente.engine.streams import Stream, current_pass, recomputed
from detente.errors import UsageError

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class Packing(Regularizer):
    r"""Lets the critic see m samples side by side, all real or all generated, and give one logit for them.

    D(x₁, …, x_m),  layer([h₁, …, h_m]) = Σ_j W_j h_j + b      (Lin et al. 2018, PacGAN, section 3)

    Collapse that one sample does not show is in plain sight in several: two of the same. The layers that take the
    sample are widened and nothing else is. Packs are consecutive samples of the batch, so logits are [B/m]. The
    gradients of a pack's samples belong together: penalties take one norm over them, as if the pack were the sample.
    A layer's own weight keeps its shape and meets x₁; those of the others are a separate parameter, drawn as the own
    ones are, and all are divided by √m, so that outputs have the variance that they had. In evaluation a score must
    not depend on other samples, so there the others' part is its running mean over the main forward passes.

    Args:
        m: samples in a pack; 1 for none.
        where: glob patterns of layer names; None for those that take the sample.

    Raises:
        UsageError: a layer is grouped, transposed or no convolution and not linear either, no layer of the critic can
            take several samples, the critic takes labels, or the batch is no multiple of m.

    On a linear critic with parts w₁ … w_m: r1 is γ/2 Σ‖w_j‖², the gradient penalty λ(√Σ‖w_j‖² − 1)².
    """

    players = ("discriminator",)
    mixes_samples = True
    joins_samples = True
    off = {"m": 1}
    fixed = ("m",)

    def __init__(self, m: Annotated[int, Range(least=1)] = 2, where: Where = None) -> None:
        super().__init__()
        self.m, self.where = m, where

    def rewrite(self, net: nn.Module) -> None:
        if self.m == 1:
            return
        for layer in self._chosen(net):
            convolution = isinstance(layer.module, _CONVOLUTIONS) and layer.module.groups == 1
            if not convolution and not isinstance(layer.module, nn.Linear):
                raise UsageError(
                    f"packing: {layer.name!r} is neither a linear layer nor a plain convolution, so it cannot be "
                    "widened; select others with where=."
                )
            adopt(layer.module, self.name, _Others(layer, self.m))
            # First of the hooks, so that what follows a layer sees its whole output.
            layer.module.register_forward_hook(_Join(self.name), prepend=True)
        whole = _Whole(self.m)
        net.register_forward_pre_hook(whole.before)
        net.register_forward_hook(whole.after)

    def _chosen(self, net: nn.Module) -> list[Layer]:
        stated = input_layers(net)
        if stated is None:
            return layers(net)[:1] if self.where is None else layers(net, self.where)
        if not stated:
            raise UsageError(
                f"packing: no layer of {type(net).__name__} can take several samples side by side; choose "
                "another model or other options of it, or remove packing."
            )
        chosen = layers(net, list(stated) if self.where is None else self.where)
        if {layer.name for layer in chosen} != set(stated):
            raise UsageError(
                f"packing: where={self.where!r}, but several samples meet {type(net).__name__} in "
                f"{' and '.join(stated)}{'' if len(stated) == 1 else ', together'}; leave where out."
            )
        return chosen


class _Others(nn.Module):
    """The weights of a widened layer for all samples of a pack but the first."""

    running: Tensor

    @torch.no_grad()
    def __init__(self, layer: Layer, m: int) -> None:
        super().__init__()
        self.m = m
        own = layer.weight  # [outputs, inputs, kernel...]
        draws = Stream(0).at("packing", layer.name).generator()
        others = torch.cat([_redrawn(own, draws) for _ in range(m - 1)], 1)
        self.weight = nn.Parameter(others.div_(m**0.5 / layer.factor))
        own.div_(m**0.5)
        self.register_buffer("running", torch.zeros(layer.outputs))

    def forward(self, module: nn.Module, h: Tensor, output: Tensor) -> Tensor:
        axis = 1 if isinstance(module, _CONVOLUTIONS) else -1
        if not module.training:
            return output + self.running.to(output.dtype).view(-1, *(1,) * (output.dim() - 2 if axis == 1 else 0))
        packs = h.unflatten(0, (-1, self.m))[:, 1:]  # [B/m, m − 1, ...]
        if isinstance(module, _CONVOLUTIONS):
            part = module._conv_forward(packs.flatten(1, 2), self.weight.to(h.dtype), None)
        else:
            part = F.linear(packs.movedim(1, -2).flatten(-2), self.weight.to(h.dtype))
        if current_pass().records and not recomputed():
            mean = part.detach().movedim(axis, -1).flatten(0, -2).to(self.running.dtype).mean(0)  # [outputs]
            self.running.lerp_(ranks.mean(mean), 0.1)
        return output[:: self.m] + part.to(output.dtype)


def _redrawn(weight: Tensor, draws: torch.Generator) -> Tensor:
    """A weight whose filters have the entries of the given ones, in another order and with other signs.

    So it is as large as that, whatever it was drawn from, and another one for another seed of the networks.
    """
    flat = weight.detach().flatten(1)
    order = torch.rand(flat.shape, generator=draws).argsort(1).to(flat.device)
    signs = (torch.rand(flat.shape, generator=draws) < 0.5).to(flat.device, flat.dtype) * 2 - 1
    return (flat.gather(1, order) * signs).view_as(weight)


class _Join(Inserted):
    def __init__(self, child: str) -> None:
        self.child = child

    def __call__(self, module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
        return module._modules[self.child](module, inputs[0], output)  # type: ignore[misc]


class _Whole:
    """Looks after what enters and leaves a critic of packs while it trains."""

    def __init__(self, m: int) -> None:
        self.m = m

    def before(self, net: nn.Module, inputs: tuple[Any, ...]) -> None:
        if not net.training:
            return
        x, *labels = inputs
        if labels and labels[0] is not None:
            raise UsageError(
                "packing: the critic takes labels, and a pack has several of them. Take a model without a condition, "
                "or remove packing."
            )
        if batch_size(x) % self.m:
            raise UsageError(
                f"packing: a batch of {batch_size(x)} makes no packs of {self.m}; let batch be a multiple of m."
            )

    def after(self, net: nn.Module, inputs: tuple[Any, ...], output: Logits) -> None:
        packs = batch_size(inputs[0]) // self.m
        if net.training and any(len(part) != packs for part in leaves(output)):
            raise UsageError(
                f"packing: {type(net).__name__} gives {len(leaves(output)[0])} logits for {packs} packs of {self.m}. "
                "Name every layer that takes the sample in where=, or in input_layers of the network."
            )
