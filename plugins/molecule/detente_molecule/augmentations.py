"""Augmentations of graphs.

All are differentiable, change each graph independently and use only the given random generator.
"""

import torch
from torch import Tensor

from detente import Sample
from detente_molecule.chemistry import pair


def relabelling(x: Sample, generator: torch.Generator) -> Sample:
    """The same molecule with its atoms numbered in another order, drawn among all orders."""
    bonds, atoms = pair(x)
    order = torch.rand(atoms.shape[:2], generator=generator, device=atoms.device).argsort(1)  # [B, N]
    which = torch.arange(len(atoms), device=atoms.device)[:, None]
    return bonds[which[:, :, None], order[:, :, None], order[:, None, :]], atoms[which, order]


def bond_masking(x: Sample, generator: torch.Generator, share: float = 0.1) -> Sample:
    """Each pair of atoms loses what is known of its bond with probability `share`: all its types become 0."""
    bonds, atoms = pair(x)
    drawn = torch.rand(bonds.shape[:3], generator=generator, device=bonds.device).triu(1)
    kept = (drawn + drawn.mT >= share).unsqueeze(-1)  # one draw for both directions
    return bonds * kept, atoms


def atom_masking(x: Sample, generator: torch.Generator, share: float = 0.1) -> Sample:
    """Each atom loses its type with probability `share`: all its types become 0, and its bonds stay."""
    bonds, atoms = pair(x)
    kept = torch.rand(atoms.shape[:2], generator=generator, device=atoms.device) >= share
    return bonds, atoms * kept.unsqueeze(-1)


def symbol_masking(x: Sample, generator: torch.Generator, share: float = 0.1) -> Sample:
    """Each symbol of a string is hidden with probability `share`: its place becomes 0."""
    assert isinstance(x, Tensor), "a string is a single tensor"
    kept = torch.rand(x.shape[:2], generator=generator, device=x.device) >= share
    return x * kept.unsqueeze(-1)


def symmetric(drawn: Tensor) -> Tensor:
    """Independent draws [B, N, N, K] made symmetric by taking those above the diagonal twice, the diagonal once."""
    above = drawn.movedim(-1, 1).triu(1)
    return (above + above.mT).movedim(1, -1) + torch.diag_embed(drawn.movedim(-1, 1).diagonal(dim1=2, dim2=3)).movedim(
        1, -1
    )
