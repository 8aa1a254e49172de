"""Features of molecules: counts of environments, projected."""

import math

import numpy as np
import pytest
import torch
from rdkit import Chem, DataStructs
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from detente_molecule.data import QM9
from detente_molecule.extractors import WIDTH, run


def mols(*smiles: str) -> list[Chem.Mol]:
    return [Chem.MolFromSmiles(text) for text in smiles]


def counted(mol: Chem.Mol) -> np.ndarray:
    """log(1 + count) of each of the 2,048 environments, from the sparse counts."""
    found = np.zeros(2048)
    for bit, count in GetMorganGenerator(radius=2, fpSize=2048).GetCountFingerprint(mol).GetNonzeroElements().items():
        found[bit] = math.log(1 + count)
    return found


@pytest.mark.parametrize("smiles", ["C", "N", "O", "F"])
def test_a_single_atom_has_one_environment_so_its_features_are_of_one_size(smiles: str):
    (found,) = run(mols(smiles))
    assert found.dtype == torch.float64
    # log 2 in one direction, whose 64 numbers are ±1/8.
    torch.testing.assert_close(found.abs(), torch.full((WIDTH,), math.log(2) / 8, dtype=torch.float64))


def test_of_no_molecules_there_are_no_features():
    assert run([]).shape == (0, WIDTH)


def test_features_are_those_of_each_molecule_alone_and_the_same_every_time():
    some = mols("CCO", "C#N", "c1cc[nH]c1")
    together = run(some)
    assert torch.equal(together, run(some))
    torch.testing.assert_close(together, torch.cat([run([mol]) for mol in some]), rtol=0, atol=1e-12)


def test_the_order_of_atoms_changes_nothing():
    mol = Chem.MolFromSmiles("CC(=O)NCCO")
    other = Chem.RenumberAtoms(mol, [6, 0, 5, 1, 4, 2, 3])
    assert Chem.MolToSmiles(other, canonical=False) != Chem.MolToSmiles(mol, canonical=False)
    torch.testing.assert_close(run([mol]), run([other]), rtol=0, atol=1e-12)


def test_an_atom_without_its_valence_has_features_too():
    mol = Chem.RWMol(Chem.MolFromSmiles("C(F)(F)(F)F"))
    mol.AddBond(0, mol.AddAtom(Chem.Atom(6)), Chem.BondType.SINGLE)
    mol.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(mol)
    (five,) = run([mol.GetMol()])
    assert five.isfinite().all()
    assert (five - run(mols("C(F)(F)(F)F"))[0]).norm() > 0.5


def test_the_projection_nearly_keeps_distances(qm9: QM9):
    few = mols(*qm9.smiles("train")[:60])
    found, counts = run(few), np.stack([counted(mol) for mol in few])
    i, j = np.triu_indices(60, 1)
    ratio = (found[i] - found[j]).square().sum(1).numpy() / np.square(counts[i] - counts[j]).sum(1)
    # Of 64 random signs the ratio has mean 1 and a standard deviation of at most √(2/64) = 0.18.
    assert ratio.mean() == pytest.approx(1, abs=0.1)
    assert ratio.std() < 0.2 and ratio.min() > 0.3 and ratio.max() < 2


def test_molecules_with_more_in_common_are_nearer(qm9: QM9):
    few = mols(*qm9.smiles("train")[:60])
    found, make = run(few), GetMorganGenerator(radius=2, fpSize=2048)
    prints = [make.GetFingerprint(mol) for mol in few]
    i, j = np.triu_indices(60, 1)
    alike = np.array([DataStructs.TanimotoSimilarity(prints[a], prints[b]) for a, b in zip(i, j, strict=True)])
    apart = (found[i] - found[j]).norm(dim=1).numpy()
    assert np.corrcoef(alike, apart)[0, 1] < -0.4
