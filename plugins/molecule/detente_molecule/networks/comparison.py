"""What lets a critic see that samples repeat: how alike those of a batch are."""

from torch import Tensor, nn

from detente import joint_batch, own_rows

_NUMBERS = 4
"""Numbers that a comparison sees of each sample."""
_SCALE = 8.0
"""Of the mean likeness, which is small where samples differ."""


class Comparison(nn.Module):
    r"""Minibatch discrimination (Salimans et al. 2016, section 3.2).

    o_k(x_i) = 8/(n − 1) · Σ_{j≠i} exp(−‖M_k x_i − M_k x_j‖₁),  k = 1 … `kinds`

    The paper sums over the batch; the mean does not grow with it. In evaluation a sample's score must not depend on the
    others of its batch, so there nothing is like it: o = 0.

    Args:
        width: of a sample's description.
        kinds: in how many ways samples are compared.
    """

    def __init__(self, width: int, kinds: int) -> None:
        super().__init__()
        self.kinds = kinds
        self.see = nn.Linear(width, kinds * _NUMBERS, bias=False)
        nn.init.normal_(self.see.weight, std=width**-0.5)

    def forward(self, h: Tensor) -> Tensor:
        """[B, width] → [B, kinds]."""
        if not self.training:
            return h.new_zeros(len(h), self.kinds)
        seen = joint_batch(self.see(h)).unflatten(1, (self.kinds, _NUMBERS))
        apart = (seen[:, None] - seen[None]).abs().sum(-1)  # [B, B, kinds]
        alike = (-apart).exp().sum(1) - 1  # less the likeness to itself
        return own_rows(alike * (_SCALE / max(len(seen) - 1, 1)))
