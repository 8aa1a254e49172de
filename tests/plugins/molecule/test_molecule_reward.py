"""The network that predicts a property."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from detente import Stream
from detente_molecule.augmentations import relabelling
from detente_molecule.chemistry import likeliest
from detente_molecule.data import QM9
from detente_molecule.networks import reward as reward_network
from detente_molecule.networks.reward import Reward, spoilt, train_reward
from detente_molecule.rewards import PROPERTIES, measured, properties
from molecules import nothing
from seeded import seeded


def test_spoilt_graphs_are_near_real_ones_and_mostly_something_else(few: QM9):
    x = few.batch(torch.arange(200)).x
    bonds, atoms = spoilt(x, torch.arange(200), seeded())
    assert torch.equal(bonds, bonds.transpose(1, 2))
    assert (bonds.sum(-1) == 1).all() and (atoms.sum(-1) == 1).all()
    changed = (bonds != x[0]).any(-1).sum((1, 2)) / 2 + (atoms != x[1]).any(-1).sum(1)
    assert 1 <= changed.median() <= 8
    valid = sum(mol is not None for mol in likeliest((bonds, atoms)).molecules())
    assert 20 < valid < 180


@pytest.mark.slow
def test_a_reward_learns_what_rdkit_says(few: QM9, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reward_network, "CLEAN", 300)
    monkeypatch.setattr(reward_network, "SPOILT", 700)
    monkeypatch.setattr(reward_network, "STEPS", 150)
    torch.manual_seed(0)
    reward = Reward(5).requires_grad_(False)
    train_reward(reward, PROPERTIES["sa"], few, Stream(0), nothing)
    assert not any(p.requires_grad for p in reward.parameters())
    new = spoilt(tuple(leaf[:300] for leaf in few.held_out()), torch.arange(300), seeded(9))
    with torch.no_grad():
        told, true = reward(new), measured(likeliest(new), PROPERTIES["sa"])
    valid = ~true.isnan()
    assert torch.corrcoef(torch.stack([told, true])[:, valid])[0, 1] > 0.6
    assert told[~valid].mean() < told[valid].mean()  # worth as little as the worst


def test_a_prediction_is_between_0_and_1_and_does_not_see_how_atoms_are_numbered(few: QM9):
    torch.manual_seed(0)
    net = Reward(5, (6, 4), 8).double()
    x = tuple(leaf.double() for leaf in few.batch(torch.arange(10)).x)
    found = net(x)
    assert found.shape == (10,) and found.min() > 0 and found.max() < 1
    torch.testing.assert_close(found, net(relabelling(x, seeded())), rtol=0, atol=1e-12)


def test_what_is_not_valid_is_worth_what_the_worst_are(few: QM9, monkeypatch: pytest.MonkeyPatch):
    """Of qed: the second of a hundred, by the targets that the fit sees."""
    monkeypatch.setattr(reward_network, "CLEAN", 300)
    monkeypatch.setattr(reward_network, "SPOILT", 60)
    monkeypatch.setattr(reward_network, "STEPS", 3)
    targets: list[Tensor] = []
    mse = F.mse_loss
    monkeypatch.setattr(F, "mse_loss", lambda a, b: (targets.append(b), mse(a, b))[1])
    told: list[tuple[int, int]] = []
    train_reward(Reward(5, (6, 4), 8), PROPERTIES["qed"], few, Stream(0), lambda *said: told.append(said))
    every = torch.cat(targets)
    assert not every.isnan().any() and every.min() > 0 and every.max() <= 1
    worst = np.quantile([properties(smiles).qed for smiles in few.smiles("train")], 0.02)
    assert np.isclose(every.numpy(), worst, rtol=0, atol=1e-6).mean() > 0.05
    assert told[-1] == (6, 6)
