"""Graphs within the valences of their atoms: bonds are made in the order of their probability, where there is room."""

import torch
from rdkit import Chem
from torch import Tensor

from detente import Primary
from detente_molecule.chemistry import ATOMS

BY_DISTANCE = Primary(
    "frechet",
    log=True,
    protocol="Fréchet distance on 64 projected counts of atom environments to the reference split; every sample is a"
    " valid molecule by construction",
)
"""What ranks models whose samples are valid by construction: validity says nothing about their training."""


def _rooms() -> Tensor:
    """The most bonds of each atom type; a charged atom has those of its neighbour in the periodic table."""
    table = Chem.GetPeriodicTable()
    found = [0]
    for name in ATOMS:
        element = table.GetAtomicNumber(name.rstrip("+-")) - name.count("+") + name.count("-")
        found.append(max(table.GetValenceList(element)))
    return torch.tensor(found)


_ROOM = _rooms()


def within_valences(bonds: Tensor, atoms: Tensor) -> tuple[Tensor, Tensor]:
    """The graphs that probabilities of bonds [B, N, N, K] and atoms [B, N, T] mean, one-hot: connected, none too full.

    Each atom has its likeliest type. First the atoms are joined, by the likeliest bonds that join them (Prim's tree).
    Then every other bond is made, or raised to its likeliest order, in the order of its probability. A bond takes room
    of both its atoms, and is made as far as they have some left. So likeliest types that are a connected molecule stay
    as they are, and of others as much is kept as fits. An atom that nothing has room for is left out.

    Nothing here has a gradient.
    """
    bonds, kinds = bonds.detach(), atoms.detach().argmax(-1)
    count, n = kinds.shape
    row = torch.arange(count, device=kinds.device)
    room = _ROOM.to(kinds.device)[kinds]  # [B, N]
    order = torch.zeros(count, n, n, dtype=torch.long, device=kinds.device)
    other = ~torch.eye(n, dtype=torch.bool, device=kinds.device)
    likely = 1 - bonds[..., 0]  # that there is a bond, [B, N, N]

    joined = torch.zeros_like(kinds, dtype=torch.bool)
    joined[row, room.argmax(1)] = True
    joined &= kinds > 0
    for _ in range(n - 1):
        new = (kinds > 0) & ~joined & (room > 0)
        # The last place is for an atom that has more to give.
        last = ((room * joined).sum(1) == 1) & (new & (room > 1)).any(1)
        new &= ~last[:, None] | (room > 1)
        able = (joined & (room > 0))[:, :, None] & new[:, None, :]
        found, i, j = _likeliest(likely, able)
        _bind(order, room, row[found], i[found], j[found], 1)
        joined[row[found], j[found]] = True

    kinds = torch.where(joined, kinds, 0)
    meant = bonds.argmax(-1)
    chance = bonds.gather(-1, meant[..., None]).squeeze(-1)
    open_ = (meant > order) & joined[:, :, None] & joined[:, None, :] & other
    for _ in range(2 * n):  # each takes two of at most four places and more of n atoms
        free = room > 0
        found, i, j = _likeliest(chance, open_ & free[:, :, None] & free[:, None, :])
        if not found.any():
            break
        b, i, j = row[found], i[found], j[found]
        more = torch.minimum(meant[b, i, j] - order[b, i, j], torch.minimum(room[b, i], room[b, j]))
        _bind(order, room, b, i, j, more)
        open_[b, i, j] = open_[b, j, i] = False
    one_hot = torch.nn.functional.one_hot
    return one_hot(order, bonds.shape[-1]).to(bonds.dtype), one_hot(kinds, atoms.shape[-1]).to(bonds.dtype)


def _likeliest(score: Tensor, able: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of each graph whether there is a pair that may be bound, and the atoms of the one with the highest score."""
    best, at = torch.where(able, score, -1.0).flatten(1).max(1)
    return best >= 0, at // able.shape[-1], at % able.shape[-1]


def _bind(order: Tensor, room: Tensor, b: Tensor, i: Tensor, j: Tensor, more: Tensor | int) -> None:
    order[b, i, j] += more
    order[b, j, i] = order[b, i, j]
    room[b, i] -= more
    room[b, j] -= more
