"""The graph network that critics, encoders and rewards share."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from detente import Sample
from detente_molecule.chemistry import BONDS, pair


class Relational(nn.Module):
    """Rounds of messages along every kind of bond, then a gated sum over the atoms (Schlichtkrull et al. 2018).

    h ← tanh(W₀[h, x] + Σₖ Wₖ Aₖ[h, x]), with x the atoms' types; Aₖh is one product for all k:
    [B, N·K, N] × [B, N, F]. The sum over atoms is Σ σ(W[h, x]) ⊙ tanh(U[h, x]) (Li et al. 2016, eq. 7), so that the
    result does not depend on how atoms are numbered. "No bond" carries no message, "no atom" is a type like others.
    `bend` may stand in for tanh.
    """

    def __init__(
        self, types: int, messages: tuple[int, ...], readout: int, bend: Callable[[Tensor], Tensor] = torch.tanh
    ) -> None:
        super().__init__()
        self.bend = bend
        kinds = len(BONDS)
        widths = [types, *(m + types for m in messages)]
        self.own = nn.ModuleList(nn.Linear(a, m) for a, m in zip(widths, messages, strict=False))
        self.along = nn.ModuleList(nn.Linear(kinds * a, m) for a, m in zip(widths, messages, strict=False))
        self.gate, self.gather = nn.Linear(widths[-1], readout), nn.Linear(widths[-1], readout)

    def forward(self, x: Sample) -> Tensor:
        bonds, atoms = pair(x)
        b, n = atoms.shape[:2]
        along_kinds = bonds[..., 1:].transpose(2, 3).reshape(b, -1, n)  # [B, N·K, N]
        h = atoms
        for own, along in zip(self.own, self.along, strict=True):
            heard = torch.bmm(along_kinds, h).view(b, n, -1)  # [B, N, K·F]
            h = torch.cat([self.bend(own(h) + along(heard)), atoms], dim=-1)
        return self.bend((self.gate(h).sigmoid() * self.bend(self.gather(h))).sum(1))  # [B, readout]
