"""Random changes of graphs: what they change, what they keep, where chance comes from."""

from collections.abc import Callable

import pytest
import torch

from detente import Sample
from detente_molecule.augmentations import atom_masking, bond_masking, relabelling, symmetric
from detente_molecule.chemistry import canonical_smiles, likeliest
from detente_molecule.data import QM9
from seeded import seeded


def test_relabelling_leaves_every_molecule_what_it_was(qm9: QM9):
    x = qm9.batch(torch.arange(64)).x
    y = relabelling(x, seeded())
    assert not torch.equal(x[1], y[1])
    assert torch.equal(y[0], y[0].transpose(1, 2))
    assert [canonical_smiles(m) for m in likeliest(y).molecules()] == qm9.smiles("train")[:64]


@pytest.mark.parametrize("augmentation", [relabelling, bond_masking, atom_masking])
def test_augmentations_draw_from_the_given_generator_alone(augmentation: Callable[..., Sample], qm9: QM9):
    x = qm9.batch(torch.arange(16)).x
    torch.manual_seed(0)
    a = augmentation(x, seeded(1))
    after = torch.rand(())
    torch.manual_seed(0)
    assert torch.rand(()) == after
    b, c = augmentation(x, seeded(1)), augmentation(x, seeded(2))
    assert all(torch.equal(p, q) for p, q in zip(a, b, strict=True))
    assert not all(torch.equal(p, q) for p, q in zip(a, c, strict=True))
    assert not all(torch.equal(p, q) for p, q in zip(a, x, strict=True))


@pytest.mark.parametrize("augmentation", [relabelling, bond_masking, atom_masking])
def test_augmentations_are_differentiable(augmentation: Callable[..., Sample]):
    bonds = torch.rand(2, 3, 3, 2, generator=seeded(), dtype=torch.float64, requires_grad=True)
    atoms = torch.rand(2, 3, 4, generator=seeded(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda b, a: augmentation((b, a), seeded(1)), (bonds, atoms))


def test_masking_hides_a_tenth_and_keeps_bonds_symmetric():
    x = torch.ones(400, 9, 9, 4), torch.ones(400, 9, 5)
    bonds, atoms = bond_masking(x, seeded())
    assert torch.equal(bonds, bonds.transpose(1, 2))
    i, j = torch.triu_indices(9, 9, 1)
    assert (bonds[:, i, j] == 0).all(-1).double().mean() == pytest.approx(0.1, abs=0.01)  # four standard errors
    assert torch.equal(atoms, x[1])
    bonds, atoms = atom_masking(x, seeded())
    assert (atoms == 0).all(-1).double().mean() == pytest.approx(0.1, abs=0.02)
    assert torch.equal(bonds, x[0])


def test_draws_become_symmetric_by_those_above_the_diagonal():
    drawn = torch.tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]).view(1, 3, 3, 1)
    assert symmetric(drawn).view(3, 3).tolist() == [[1, 2, 3], [2, 5, 6], [3, 6, 9]]


@pytest.mark.parametrize(("share", "kept"), [(0.0, 1.0), (1.0, 0.0)])
def test_no_share_masks_nothing_and_the_whole_share_masks_all(share: float, kept: float):
    x = torch.ones(3, 5, 5, 4), torch.ones(3, 5, 5)
    assert (atom_masking(x, seeded(), share)[1] == kept).all()
    off_diagonal = ~torch.eye(5, dtype=torch.bool)
    assert (bond_masking(x, seeded(), share)[0][:, off_diagonal] == kept).all()
