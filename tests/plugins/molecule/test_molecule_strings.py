"""Molecules as SELFIES: every string means a molecule, and those of the data mean what their graphs mean."""

import pytest
import torch
from rdkit import Chem

from detente_molecule.chemistry import canonical_smiles, quiet
from detente_molecule.data import QM9, Smiles
from detente_molecule.domain import Molecule
from detente_molecule.strings import NOTHING, SelfiesData, likeliest_symbols, molecule_of, symbols_of


@pytest.fixture(scope="module")
def strings(few: QM9) -> SelfiesData:
    return SelfiesData(few)


@pytest.mark.parametrize(
    "smiles",
    [
        "C",
        "c1cc[nH]c1",
        "CC(=O)Oc1ccccc1C(=O)O",
        "C[N+](C)(C)CC(=O)[O-]",
        "O=[N+]([O-])c1ccc(Cl)cc1",
        "C#CC1(C#N)CC2CC2C1",
        "CS(=O)(=O)N1CCN(C)CC1",
        "CC[NH+](CC)CC",
        "BrCCP(=O)(O)O",
    ],
)
def test_a_molecule_is_written_and_read_back(smiles: str) -> None:
    canonical = Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)
    symbols = symbols_of(canonical)
    assert symbols is not None
    assert canonical_smiles(molecule_of([*symbols, NOTHING, NOTHING])) == canonical


def test_any_string_of_the_symbols_is_a_valid_molecule_without_radicals(strings: SelfiesData) -> None:
    symbols = strings.space.leaves[0].symbols
    draws = torch.randint(1, len(symbols), (400, 12), generator=torch.Generator().manual_seed(0))
    with quiet():
        mols = [molecule_of([symbols[i] for i in row]) for row in draws.tolist()]
    made = [mol for mol in mols if mol is not None]
    assert len(made) >= 390  # without any atom, such as a string of branches alone, there is no molecule
    for mol in made:
        again = Chem.MolFromSmiles(Chem.MolToSmiles(mol))
        assert again is not None and len(Chem.GetMolFrags(mol)) == 1
        assert not any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())


def test_what_stands_for_nothing_is_no_molecule() -> None:
    assert molecule_of([NOTHING, NOTHING]) is None and molecule_of([]) is None


def test_the_strings_of_a_data_set_are_its_molecules_split_by_split(few: QM9, strings: SelfiesData) -> None:
    symbols = strings.space.leaves[0].symbols
    assert symbols[0] == NOTHING and len(set(symbols)) == len(symbols)
    for split, x in (
        ("train", strings.batch(torch.arange(len(strings))).x),
        ("held_out", strings.held_out()),
        ("reference", strings.reference()),
    ):
        assert isinstance(x, torch.Tensor)
        found = [canonical_smiles(mol) for mol in likeliest_symbols(x, symbols).molecules()]
        assert found == strings.smiles(split)
        assert set(found) <= set(few.smiles(split))
    assert strings.known == frozenset(strings.smiles("train"))
    assert len(strings.smiles("train")) >= 0.97 * len(few.smiles("train"))


def test_features_of_strings_are_those_of_the_same_graphs(few: QM9, strings: SelfiesData) -> None:
    of_strings, of_graphs = Molecule(), Molecule()
    of_strings.meet(strings.space)
    of_graphs.meet(few.space)
    smiles = few.smiles("train")
    index = torch.tensor([smiles.index(one) for one in strings.smiles("train")[:40]])
    same = of_graphs.features(few.batch(index).x)
    assert torch.equal(of_strings.features(strings.batch(torch.arange(40)).x), same)


def test_molecules_that_no_training_string_can_say_are_left_out_and_counted(tmp_path) -> None:
    plain = ["C" * n + end for n in range(1, 13) for end in ("", "O", "N", "F", "=O", "#N", "(C)C", "Cl", "S")]
    (tmp_path / "mine.smi").write_text("\n".join(plain), encoding="utf-8")
    data = Smiles(str(tmp_path / "mine.smi"))
    strings = SelfiesData(data)
    kept = sum(len(strings.smiles(split)) for split in ("train", "held_out", "reference"))
    every = sum(len(data.smiles(split)) for split in ("train", "held_out", "reference"))
    said = [note for note in strings.notes if "SELFIES" in note]
    assert (kept == every and not said) or said == [
        f"{every - kept} molecules have no SELFIES among those of training and are left out."
    ]
    assert strings.identity != data.identity


def test_the_baseline_draws_each_place_as_often_as_the_data(strings: SelfiesData) -> None:
    domain = Molecule()
    domain.meet(strings.space)
    drawn = domain.baseline(strings, 3000, torch.Generator().manual_seed(1))
    assert isinstance(drawn, torch.Tensor)
    x = strings.batch(torch.arange(len(strings))).x
    assert isinstance(x, torch.Tensor)
    assert (drawn.mean(0) - x.mean(0)).abs().max() < 0.05  # five standard errors of a share of one half
    assert drawn.sum(-1).eq(1).all()


def test_strings_have_an_augmentation_of_their_own(strings: SelfiesData) -> None:
    domain = Molecule()
    domain.meet(strings.space)
    (augment,) = domain.augmentations.values()
    x = strings.batch(torch.arange(200)).x
    assert isinstance(x, torch.Tensor)
    changed = augment(x, torch.Generator().manual_seed(0))
    hidden = (changed.sum(-1) == 0).float().mean().item()
    assert 0.08 < hidden < 0.12 and torch.equal(changed, changed * x)
    assert domain.noise_like(x, torch.Generator().manual_seed(0)).shape == x.shape
