"""Graphs within valences: connected, sanitized by RDKit, and unchanged where they were already."""

import pytest
import torch
from rdkit import Chem

from detente_molecule.chemistry import ATOMS, BONDS, graph, likeliest
from detente_molecule.networks.valences import _ROOM, within_valences

K, T = len(BONDS) + 1, len(ATOMS) + 1


def one_hot(smiles: str, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    found = graph(smiles, len(ATOMS), n)
    atoms, bonds = torch.zeros(n, dtype=torch.long), torch.zeros(n, n, dtype=torch.long)
    size = len(found.atoms)
    atoms[:size], bonds[:size, :size] = torch.from_numpy(found.atoms.copy()), torch.from_numpy(found.bonds.copy())
    one = torch.nn.functional.one_hot
    return one(bonds, K).float()[None], one(atoms, T).float()[None]


@pytest.mark.parametrize(
    "smiles",
    [
        "C",
        "CC(=O)Oc1ccccc1C(=O)O",
        "O=[N+]([O-])c1ccc(S(=O)(=O)N2CCOCC2)cc1",
        "CP(=O)(O)OC(F)(F)C#N",
        "c1ccc2c(c1)[nH]c1ccccc12",
        "C1CC2CCC1CC2",
        "FC(F)(F)c1nnc(Br)s1",
        "C[Si](C)(C)C#CB(O)O",
    ],
)
def test_a_molecule_stays_as_it_is(smiles: str):
    bonds, atoms = one_hot(smiles, 24)
    made = within_valences(bonds, atoms)
    assert torch.equal(made[0], bonds) and torch.equal(made[1], atoms)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n", [2, 9, 30])
def test_whatever_probabilities_say_is_a_molecule(seed: int, n: int):
    draws = torch.Generator().manual_seed(seed)
    bonds = torch.randn(40, n, n, K, generator=draws) * 3
    bonds = (bonds + bonds.transpose(1, 2)).softmax(-1)
    atoms = (torch.randn(40, n, T, generator=draws) * 3).softmax(-1)
    atoms[:, 0, 0] = 0  # some atom there is
    made = within_valences(bonds, atoms)
    assert torch.equal(made[0], made[0].transpose(1, 2)) and (made[0].sum(-1) == 1).all()
    assert all(mol is not None for mol in likeliest(made).molecules())


def test_of_an_overfull_carbon_the_likeliest_bonds_are_kept():
    bonds, atoms = one_hot("CC(C)(C)C", 6)
    atoms[0, 5] = atoms[0, 0]  # a sixth carbon
    bonds[0, 1, 5] = bonds[0, 5, 1] = torch.tensor([0.4, 0.6, 0.0, 0.0])
    bonds[0, 0, 5] = bonds[0, 5, 0] = torch.tensor([0.8, 0.2, 0.0, 0.0])
    made = within_valences(bonds, atoms)
    (mol,) = likeliest(made).molecules()
    assert Chem.MolToSmiles(mol) == "CCC(C)(C)C"  # the fifth bond of the carbon had no room; the next likeliest had


def test_two_parts_are_joined_and_nothing_stays_nothing():
    left, right = one_hot("CCO", 6), one_hot("CN", 6)
    bonds, atoms = left[0].clone(), left[1].clone()
    bonds[0, 3:5, 3:5], atoms[0, 3:5] = right[0][0, :2, :2], right[1][0, :2]
    (mol,) = likeliest(within_valences(bonds, atoms)).molecules()
    assert mol is not None and mol.GetNumAtoms() == 5
    nothing = torch.zeros(1, 3, T)
    nothing[..., 0] = 1
    assert likeliest(within_valences(torch.ones(1, 3, 3, K) / K, nothing)).molecules() == [None]


@pytest.mark.parametrize("kind", range(1, T))
def test_an_atom_with_as_many_bonds_as_it_has_room_for_is_valid(kind: int):
    n = int(_ROOM[kind])
    bonds, atoms = torch.zeros(1, n + 1, n + 1, K), torch.zeros(1, n + 1, T)
    atoms[0, 0, kind] = atoms[0, 1:, 1] = 1
    bonds[..., 0] = 1
    bonds[0, 0, 1:] = bonds[0, 1:, 0] = torch.tensor([0.0, 1, 0, 0])
    (mol,) = likeliest((bonds, atoms)).molecules()
    assert mol is not None
