"""Choosing words so that gradients pass: Gumbel noise, a temperature, and the straight-through estimate."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from detente import Space, UsageError


def gumbel(logits: Tensor) -> Tensor:
    """Logits plus standard Gumbel noise −log(−log U), from the default generator: their argmax is a sample.

    U is drawn in float32 whatever the logits are, so that a generator makes the same choices in any precision.
    """
    # rand_like may draw 0, whose noise is −∞; torch's exponential_ would not, at fifteen times the price on a CPU.
    uniform = torch.rand(logits.shape, device=logits.device).clamp_(min=1e-12)
    return logits - uniform.log_().neg_().clamp_(min=1e-12).log_().to(logits.dtype)


Sampling = Literal["straight-through", "soft"]
"""What a generator hands on: whole words with the gradient of soft ones, or soft words."""


class Choice(nn.Module):
    """From perturbed logits to a point of the simplex.

    soft = softmax(y / τ) (Jang et al. 2017; Maddison et al. 2017), and what `sampling` makes of it.
    """

    def __init__(self, sampling: Sampling | bool) -> None:
        super().__init__()
        self.hand_on = _HANDED_ON[sampling]
        self.temperature = 1.0

    def forward(self, perturbed: Tensor) -> Tensor:
        """[..., V] → [..., V]; rows sum to 1."""
        return self.hand_on((perturbed / self.temperature).softmax(-1), perturbed)


def _straight_through(soft: Tensor, perturbed: Tensor) -> Tensor:
    """The one-hot vector of the largest entry, with the gradient of `soft`."""
    chosen = torch.zeros_like(soft).scatter_(-1, perturbed.argmax(-1, keepdim=True), 1.0)
    # In this order the parentheses are exactly 0 in value, so that rows are one-hot to the bit.
    return chosen + (soft - soft.detach())


def _soft(soft: Tensor, perturbed: Tensor) -> Tensor:
    return soft


_HANDED_ON: Mapping[Sampling | bool, Callable[[Tensor, Tensor], Tensor]] = {
    "straight-through": _straight_through,
    "soft": _soft,
    True: _straight_through,
    False: _soft,
}
"""True and False are what the option took until 0.1, as `hard`."""


def annealed(done: float, coldest: float) -> float:
    """τ = coldest^done: from 1 to the coldest, exponentially (Nie et al. 2019, section 3.3, with β = 1/τ)."""
    return coldest**done


def sentence_shape(space: Space, model: str) -> tuple[int, int]:
    """Length and number of symbols of the sentences in a space.

    Raises:
        UsageError: its samples are not sentences.
    """
    if len(space.leaves) != 1 or len(space.leaves[0].shape) != 2:
        shapes = ", ".join(str(leaf.shape) for leaf in space.leaves)
        raise UsageError(f"model {model!r} is for sentences (length, symbols), but the data are {shapes}.")
    length, symbols = space.leaves[0].shape
    return length, symbols


def counted_positions(tokens: Tensor) -> Tensor:
    """Where maximum likelihood looks, [B, L] bool: words, the two paddings after them, and the last position.

    Padding after padding is learnt at once; looking at all of it would cost a third of the time.
    """
    position = torch.arange(tokens.shape[1], device=tokens.device)
    words = (tokens != 0).sum(1, keepdim=True)
    return (position < words + 2) | (position == tokens.shape[1] - 1)
