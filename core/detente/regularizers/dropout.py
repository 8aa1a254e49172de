"""Dropout: hidden units that cannot rely on each other."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Where, after, layers
from detente.engine.options import Fraction
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment
from detente.engine.streams import current_pass, recomputed
from detente.errors import UsageError


class Dropout(Regularizer):
    r"""Sets each hidden unit to zero with probability p and divides it by 1 − p otherwise, which keeps its mean.

    h̃ = h ⊙ b / (1 − p),  b ~ Bernoulli(1 − p)      (Srivastava et al. 2014, section 4, in its inverted form)

    It is inserted between a hidden layer and its activation. Masks come from a separate random stream: no other random
    number changes. Off in the deployed network.

    Args:
        p: the probability of zero, 0 ≤ p < 1.
        where: glob patterns of layer names; None for all hidden layers.

    Raises:
        UsageError: no layer matches.
    """

    off = {"p": 0.0}
    drops_units = True
    sets_up_next = True

    def __init__(self, p: Fraction = 0.3, where: Where = None) -> None:
        super().__init__()
        self.p, self.where = p, where
        self._masks: list[_Mask] = []

    def rewrite(self, net: nn.Module) -> None:
        for layer in layers(net, self.where, outputs=False):
            if layer.channel_axis is not None:
                self._masks.append(_Mask(self.p, f"{self.name}/{layer.name}"))
                after(layer, self.name, self._masks[-1])

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        for mask in self._masks:
            mask.p = self.p

    def inactive(self, m: Moment) -> bool:
        return self.p == 0 and all(mask.p == 0 for mask in self._masks)


class _Mask(nn.Module):
    def __init__(self, p: float, purpose: str) -> None:
        super().__init__()
        self.p, self.purpose = p, purpose

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if recomputed():
            raise UsageError(
                f"dropout: torch.utils.checkpoint runs the layer of {self.purpose} again in the backward pass, where "
                "its mask is not known any more. Do not checkpoint that part, or exclude the layer with where=."
            )
        draws = current_pass().generator(self.purpose, x.device)
        # Uniform draws and a comparison: on the CPU less than half the time of bernoulli_.
        keep = torch.rand(x.shape, generator=draws, device=x.device).ge_(self.p)
        return x * keep.div_(1 - self.p).to(x.dtype)

    def get_extra_state(self) -> dict[str, float]:
        return {"p": self.p}

    def set_extra_state(self, state: dict[str, float]) -> None:
        self.p = state["p"]
