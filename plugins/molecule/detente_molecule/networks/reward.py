"""A network that predicts a property of a molecule from its graph, valid or not."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import Data, ProgressCallback, Sample, Stream
from detente_molecule.chemistry import likeliest, pair
from detente_molecule.networks.relational import Relational
from detente_molecule.rewards import Properties, measured

CLEAN, SPOILT = 6000, 18_000
"""Real molecules that a reward is trained on, and corrupted ones, which are mostly invalid."""
STEPS, BATCH = 1500, 128
WORST = 0.02
"""An invalid graph has the value of this fraction of the worst real molecules. With the value 0, the gap between valid
and invalid would dominate the differences between molecules, and generators would collapse to a few of them."""


class Reward(nn.Module):
    """Predicts a property between 0 and 1 of a graph, valid or not. Trained, then frozen."""

    def __init__(self, types: int, messages: tuple[int, int] = (64, 64), readout: int = 128) -> None:
        super().__init__()
        self.embed = Relational(types, messages, readout)
        self.hidden, self.head = nn.Linear(readout, readout), nn.Linear(readout, 1)

    def forward(self, x: Sample) -> Tensor:
        return self.head(F.relu(self.hidden(self.embed(x)))).sigmoid().squeeze(1)  # [B]


def train_reward(
    reward: Reward, wanted: Callable[[Properties], float], data: Data, rng: Stream, show: ProgressCallback
) -> None:
    """Fit a reward to RDKit's answers on real graphs and on spoilt ones, by least squares; frozen again afterwards."""
    device = next(reward.parameters()).device
    draws = rng.at("reward").generator()
    clean = data.batch(torch.randperm(len(data), generator=draws)[:CLEAN]).x
    chosen = torch.randint(len(pair(clean)[0]), (SPOILT,), generator=draws)
    bonds, atoms = (torch.cat([a, b]) for a, b in zip(pair(clean), spoilt(clean, chosen, draws), strict=True))
    parts: list[Tensor] = []
    for at in torch.arange(len(atoms)).split(500):
        parts.append(measured(likeliest((bonds[at], atoms[at])), wanted))
        show(int(at[-1]) * STEPS // (2 * len(atoms)), 2 * STEPS)
    target = torch.cat(parts)
    target = target.where(~target.isnan(), target[: len(pair(clean)[0])].nanquantile(WORST))
    reward.requires_grad_(True)
    optimizer = torch.optim.Adam(reward.parameters(), lr=2e-3)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / STEPS)
        at = torch.randint(len(atoms), (BATCH,), generator=draws)
        loss = F.mse_loss(reward((bonds[at].to(device), atoms[at].to(device))), target[at].to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        show(STEPS + step + 1, 2 * STEPS)
    reward.requires_grad_(False)


def spoilt(clean: Sample, chosen: Tensor, draws: torch.Generator) -> Sample:
    """Graphs near the real ones at `chosen`: up to four of their atoms and up to some of their bonds are others' ones.

    What replaces an atom or a bond is what another molecule has at the same place, so that frequencies are those of the
    data. One in eight changes everything.
    """
    bonds, atoms = pair(clean)
    n, count = atoms.shape[1], len(chosen)
    often = torch.randint(1, 5, (count, 1), generator=draws) * (torch.rand(count, 1, generator=draws) < 0.7)
    places = torch.rand(count, n, generator=draws)
    atom_changes = places < often / n
    several = torch.randint(1, 5, (count, 1, 1), generator=draws)
    drawn = torch.rand(count, n, n, generator=draws).triu(1)
    bond_changes = (drawn > 0) & (drawn < 2 * several / (n * (n - 1)))
    everything = torch.rand(count, generator=draws) < 1 / 8
    bond_changes = (bond_changes | everything[:, None, None]).triu(1)
    bond_changes = bond_changes | bond_changes.mT
    new_atoms, new_bonds = atoms[chosen].clone(), bonds[chosen].clone()
    other = torch.randint(len(atoms), (count, n, n), generator=draws).triu(1)
    other = other + other.mT
    b, i, j = bond_changes.nonzero(as_tuple=True)
    new_bonds[b, i, j] = bonds[other[b, i, j], i, j]
    b, i = (atom_changes | everything[:, None]).nonzero(as_tuple=True)
    new_atoms[b, i] = atoms[torch.randint(len(atoms), b.shape, generator=draws), i]
    return new_bonds, new_atoms
