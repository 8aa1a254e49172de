"""Between SMILES and graphs."""

from collections import Counter

import numpy as np
import pytest
import torch
from rdkit import Chem
from torch import nn

from detente import Sample
from detente_molecule import chemistry, sources
from detente_molecule.chemistry import canonical_smiles, graph
from detente_molecule.smiles import INVALID, ISOTOPES, LARGE, OTHER_ATOMS, RADICALS, SALT, STEREO, Misfit
from molecules import canonical
from seeded import seeded


def encoded(*smiles: str, n: int = 9, types: int = 4) -> Sample:
    """One-hot graphs of molecules that fit."""
    atoms, bonds = torch.zeros(len(smiles), n, dtype=torch.long), torch.zeros(len(smiles), n, n, dtype=torch.long)
    for i, text in enumerate(smiles):
        found = graph(text, types, n)
        m = len(found.atoms)
        atoms[i, :m], bonds[i, :m, :m] = torch.from_numpy(found.atoms), torch.from_numpy(found.bonds)
    return nn.functional.one_hot(bonds, 4).float(), nn.functional.one_hot(atoms, types + 1).float()


def back(smiles: str, types: int = 18, largest: int = 40) -> str | None:
    found = graph(smiles, types, largest)
    return canonical_smiles(chemistry.molecule(found.atoms, found.bonds))


@pytest.mark.parametrize(
    "smiles",
    [
        *("C", "c1ccccc1", "c1cc[nH]c1", "C#N", "CC(=O)N", "O=c1cc[nH]c(=O)[nH]1", "C[N+](C)(C)C", "CC(=O)[O-]"),
        *(
            "O=N(=O)c1ccccc1",
            "[H]C([H])([H])O",
            "F/C=C/F",
            "C[C@H](N)C(=O)O",
            "CS(=O)(=O)N",
            "OP(=O)(O)O",
            "[nH]1cccc1",
        ),
        "ClC(Br)I",
        "CCO a name after a space",
    ],
)
def test_a_molecule_becomes_a_graph_and_the_same_molecule_again(smiles: str):
    assert back(smiles) == canonical(smiles)


@pytest.mark.parametrize(
    ("smiles", "why"),
    [
        *(("C(", INVALID), ("", INVALID), ("CN(C)(C)(C)C", INVALID), ("c1cccc1", INVALID), ("hello", INVALID)),
        *(("CCCCCCCCCC", LARGE), ("CCS", OTHER_ATOMS), ("C[N+](C)(C)C", OTHER_ATOMS), ("[Na]", OTHER_ATOMS)),
        *(("*C", OTHER_ATOMS), ("[13CH4]", ISOTOPES), ("[CH3]", RADICALS), ("[CH2]", RADICALS), ("[2H]C", ISOTOPES)),
    ],
)
def test_what_no_graph_holds_is_refused_with_a_reason(smiles: str, why: str):
    with pytest.raises(Misfit) as refused, chemistry.quiet():
        graph(smiles, types=4, largest=9)
    assert str(refused.value) == why


def test_of_a_salt_the_largest_part_is_kept_and_stereochemistry_is_dropped_with_a_remark():
    remarks: list[str] = []
    assert graph("[Na+].CC(=O)[O-]", 18, 9, remarks).smiles == "CC(=O)[O-]"
    assert graph("C[C@H](N)O", 18, 9, remarks).smiles == "CC(N)O"
    assert remarks == [SALT, STEREO]


def test_a_graph_is_valid_if_rdkit_accepts_it_and_it_is_one_molecule():
    bonds, atoms = (leaf.argmax(-1).numpy().astype(np.uint8) for leaf in encoded("CCO"))
    bonds, atoms = bonds[0], atoms[0]
    assert canonical_smiles(chemistry.molecule(atoms, bonds)) == "CCO"
    apart = bonds.copy()
    apart[0, 1] = apart[1, 0] = 0
    assert chemistry.molecule(atoms, apart) is None, "two parts"
    five = bonds.copy()
    five[1, 2] = five[2, 1] = 3
    assert chemistry.molecule(atoms, five) is None, "a triple bond of oxygen"
    nowhere = bonds.copy()
    nowhere[2, 3] = nowhere[3, 2] = 1
    assert chemistry.molecule(atoms, nowhere) is None, "a bond to no atom"
    assert chemistry.molecule(np.zeros_like(atoms), np.zeros_like(bonds)) is None, "no atom"
    moved = np.roll(atoms, 4), np.roll(bonds, (4, 4), (0, 1))
    assert canonical_smiles(chemistry.molecule(*moved)) == "CCO", "absent atoms may stand anywhere"


def test_rdkit_is_silent_inside_quiet_and_only_there(capfd: pytest.CaptureFixture[str]):
    with chemistry.quiet():
        assert Chem.MolFromSmiles("C(") is None
    assert capfd.readouterr().err == ""
    assert Chem.MolFromSmiles("C(") is None
    assert "SMILES Parse Error" in capfd.readouterr().err


def test_a_sample_of_wehi_survives_the_round_trip():
    lines = sources.read_wehi(sources.wehi())
    assert len(lines) == 10_000
    for line in lines[::40]:
        assert back(line.smiles, 11) == canonical(line.smiles)


@pytest.mark.acceptance
def test_every_molecule_of_qm9_and_wehi_that_fits_survives_the_round_trip():
    for lines, types, largest, expected in (
        (sources.read_qm9(sources.qm9()), 4, 9, {OTHER_ATOMS}),
        (sources.read_wehi(sources.wehi()), 11, 34, {OTHER_ATOMS}),
    ):
        left_out: Counter[str] = Counter()
        with chemistry.quiet():
            for line in lines:
                try:
                    found = graph(line.smiles, types, largest)
                except Misfit as why:
                    left_out[str(why)] += 1
                    continue
                assert canonical_smiles(chemistry.molecule(found.atoms, found.bonds)) == found.smiles, line
        print(len(lines), dict(left_out))
        assert set(left_out) <= expected
        assert sum(left_out.values()) < 0.02 * len(lines)


@pytest.mark.parametrize(
    ("smiles", "atoms", "bonds"),
    [
        ("C", [1], [[0]]),
        ("C=O", [1, 3], [[0, 2], [2, 0]]),
        ("N#CF", [2, 1, 4], [[0, 3, 0], [3, 0, 1], [0, 1, 0]]),
        ("[H]OC", [3, 1], [[0, 1], [1, 0]]),
    ],
)
def test_atoms_stand_in_the_order_of_the_text_and_bonds_by_their_order(
    smiles: str, atoms: list[int], bonds: list[list[int]]
):
    found = graph(smiles, types=4, largest=9)
    assert found.atoms.tolist() == atoms and found.bonds.tolist() == bonds
    assert found.smiles == canonical(smiles)


def test_different_molecules_stand_in_the_order_of_their_first_appearance():
    some = [None, *map(Chem.MolFromSmiles, ("OCC", "C", "CCO", "C")), None]
    assert list(chemistry.unique(some)) == ["CCO", "C"]
    assert chemistry.unique([None]) == {}


def test_a_graph_that_is_not_valid_is_a_molecule_as_far_as_it_goes():
    atoms = np.array([1, 4, 4, 4, 4, 4, 0], np.uint8)
    bonds = np.zeros((7, 7), np.uint8)
    bonds[0, 1:] = bonds[1:, 0] = 1
    assert chemistry.molecule(atoms, bonds) is None
    found = chemistry.loose(atoms, bonds)
    assert [atom.GetSymbol() for atom in found.GetAtoms()] == ["C", *"FFFFF"]
    assert found.GetAtomWithIdx(0).GetDegree() == 5, "the bond to no atom is left out"
    assert chemistry.loose(np.zeros_like(atoms), bonds).GetNumAtoms() == 0


def test_the_likeliest_types_are_read_above_the_diagonal_for_both_directions():
    bonds, atoms = torch.rand(3, 4, 4, 4, generator=seeded()), torch.rand(3, 4, 5, generator=seeded(1))
    found = chemistry.likeliest((bonds.requires_grad_(), atoms))
    assert (found.bonds == found.bonds.transpose(0, 2, 1)).all() and not found.bonds.diagonal(0, 1, 2).any()
    assert (found.atoms == atoms.argmax(-1).numpy()).all()
    assert found.bonds[2, 0, 3] == found.bonds[2, 3, 0] == bonds[2, 0, 3].argmax()


@pytest.mark.parametrize(
    "x", [torch.zeros(2, 3), (torch.zeros(2, 3),), (torch.zeros(1), torch.zeros(1), torch.zeros(1))]
)
def test_what_is_no_pair_of_leaves_is_no_graph(x: object):
    with pytest.raises(AssertionError, match="a pair of bonds and atoms"):
        chemistry.pair(x)
