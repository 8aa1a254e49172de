"""Molecules as files: what is valid, with its properties."""

import csv
from pathlib import Path

import pytest
import torch
from rdkit import Chem
from rdkit.Chem.Descriptors import MolWt

from detente_molecule.chemistry import graph
from detente_molecule.domain import Molecule
from molecules import canonical

DRUGS = ("CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "CCO")


def samples(smiles: tuple[str, ...], broken: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """One-hot graphs of these, and so many empty ones behind."""
    n = len(smiles) + broken
    bonds, atoms = torch.zeros(n, 16, 16, dtype=torch.long), torch.zeros(n, 16, dtype=torch.long)
    for i, one in enumerate(smiles):
        found = graph(one, 4, 16)
        atoms[i, : len(found.atoms)] = torch.from_numpy(found.atoms.copy()).long()
        bonds[i, : len(found.atoms), : len(found.atoms)] = torch.from_numpy(found.bonds).long()
    return torch.nn.functional.one_hot(bonds, 4).float(), torch.nn.functional.one_hot(atoms, 5).float()


@pytest.mark.parametrize("broken", [0, 1, 3])
def test_the_valid_ones_are_written_with_their_properties(tmp_path: Path, broken: int):
    plain, table = Molecule().save(samples(DRUGS, broken), tmp_path)
    assert plain.read_text().splitlines() == [canonical(one) for one in DRUGS]
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["smiles"] for row in rows] == [canonical(one) for one in DRUGS]
    weights = [MolWt(Chem.MolFromSmiles(one)) for one in DRUGS]
    assert [float(row["weight"]) for row in rows] == pytest.approx(weights, abs=1e-3)
    # Aspirin, caffeine, ibuprofen: QED of RDKit's documentation and papers to two digits.
    assert [round(float(row["qed"]), 2) for row in rows][:3] == [0.55, 0.54, 0.82]
    assert all(1 <= float(row["sa"]) <= 10 for row in rows)


def test_a_graph_that_is_no_molecule_is_not_usable_and_has_no_smiles():
    domain, x = Molecule(), samples(DRUGS[:2], 2)
    assert domain.usable(x).tolist() == [True, True, False, False]
    assert domain.content(x)["smiles"] == [*map(canonical, DRUGS[:2]), None, None]
