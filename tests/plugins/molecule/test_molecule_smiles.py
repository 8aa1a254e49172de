"""What a SMILES says and a graph cannot is left out with its reason; what is kept is what RDKit has, hydrogens too."""

import random
import time
from collections.abc import Iterator

import pytest
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from detente_molecule.chemistry import Graph, graph, molecule, quiet
from detente_molecule.smiles import INVALID, ISOTOPES, LARGE, MAPS, ODD, OTHER_ATOMS, RADICALS, SALT, STEREO, Misfit


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    with quiet():
        yield


def made(smiles: str) -> Graph | str:
    try:
        return graph(smiles, types=18, largest=60)
    except Misfit as why:
        return str(why)


def kept(smiles: str) -> tuple[str, list[str]]:
    """Canonical SMILES of what is kept, and what was dropped on the way."""
    dropped: list[str] = []
    return graph(smiles, 18, 60, dropped).smiles, dropped


@pytest.mark.parametrize(
    ("smiles", "why"),
    [
        *((smiles, RADICALS) for smiles in ("[O][O]", "CC(C)(C)N([O])C(C)C", "[CH2]CC", "C[C]C", "[N]=O", "O=C[O]")),
        *((smiles, RADICALS) for smiles in ("CC[S]", "c1cccc[c]1", "[SiH3]", "CC |^1:1|", "OCC |^3:2|", "[C@H](O)(C)")),
        *((smiles, ODD) for smiles in ("C:C", "N:O", "O=C:N", "C$C", "C~O", "[SH4]", "C[PH4]")),
        *((smiles, ODD) for smiles in ("CC |C:0.0|", "CC |H:0.0|", "OC |Sg:n:0,1::ht|", "FC->N")),
        *((smiles, ISOTOPES) for smiles in ("[13CH4]", "[2H]C", "C[18OH]", "[3H]c1ccccc1", "[13CH3:2]O")),
        *((smiles, OTHER_ATOMS) for smiles in ("[Na+]", "*CC", "C[O+](C)C", "[H][H]", "[Fe]", "[C+]", "[O-2]")),
        *(
            (smiles, INVALID)
            for smiles in ("", " ", " name", "C(", "FC(F)(F)([H])C", "c1cccc1", "CCO>>CC=O", "CC |^1:x|")
        ),
    ],
)
def test_what_a_graph_cannot_say_is_left_out_with_its_reason(smiles: str, why: str) -> None:
    assert made(smiles) == why


@pytest.mark.parametrize(
    ("smiles", "molecule", "dropped"),
    [
        *(("C1.C1", "CC", []), ("C1CC.N1", "CCCN", []), ("O1.C12.N2", "NCO", []), ("C1.C1.CCN", "CCN", [SALT])),
        *(("[Na+].CC(=O)[O-]", "CC(=O)[O-]", [SALT]), ("C.CC.C", "CC", [SALT]), ("C(C.C)C", "CCC", [SALT])),
        *(("[CH3:1][OH:2]", "CO", [MAPS]), ("[NH2:7][C@@H:3](C)O", "CC(N)O", [STEREO, MAPS]), ("[H:1]C", "C", [MAPS])),
        *(("[H]/N=C(/N)C", "CC(=N)N", [STEREO]), ("[H]/C(F)=C/F", "FC=CF", [STEREO]), ("F/C=C/F", "FC=CF", [STEREO])),
        *(("[H]c1ccccc1", "c1ccccc1", []), ("C1:C:C:C:C:C1", "c1ccccc1", []), ("CCO |$;;name$|", "CCO", [])),
        *(("O=N(=O)C", "C[N+](=O)[O-]", []), ("[nH]1cccc1", "c1cc[nH]c1", []), ("C[C@]12CC1C2", "CC12CC1C2", [STEREO])),
        *(("CCO a@b/c", "CCO", []), ("C/C=C", "C=CC", [STEREO]), ("C[N+](C)(C)C.[Cl-]", "C[N+](C)(C)C", [SALT])),
    ],
)
def test_what_is_kept_is_the_whole_molecule(smiles: str, molecule: str, dropped: list[str]) -> None:
    assert kept(smiles) == (molecule, dropped)


def test_of_equal_parts_the_order_does_not_decide() -> None:
    parts = ["CCO", "CCN", "CCC", "[O-]CC"]
    assert len({kept(".".join(parts[i:] + parts[:i]))[0] for i in range(4)}) == 1


PIECES = (
    *(
        "[O]",
        "[CH2]",
        "[CH]",
        "[C]",
        "[N]",
        "[O-]",
        "[NH3+]",
        "[n+]",
        "[nH]",
        "[C-]",
        "[2H]",
        "([H])",
        "[13C]",
        "[CH3:1]",
    ),
    *(
        "[C@H]",
        "[C@@]",
        ":",
        "$",
        "~",
        "->",
        ".",
        "=",
        "#",
        "/",
        "1",
        "2",
        "(",
        ")",
        "c",
        "n",
        "C",
        "N",
        "O",
        "P",
        "S",
        "I",
    ),
    *("[Si]", "[SH4]", "[PH5]", "[SH2]", " |^1:0|", "Cl"),
)
SEEDS = (
    "CCO",
    "c1ccccc1C(=O)O",
    "C1=CC2CC1CN2",
    "O=S(=O)(N)c1ccc(cc1)-c1cnco1",
    "CC(C)NCC(O)COc1cccc2ccccc12",
    "N#CC1CC1",
)


def changed(rng: random.Random) -> str:
    smiles = rng.choice(SEEDS)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(smiles) + 1)
        smiles = smiles[:at] + rng.choice(PIECES) + smiles[at + rng.randint(0, 1) :]
    return smiles


def test_damaged_molecules_are_what_full_sanitization_makes_of_them_or_left_out() -> None:
    """2,000 texts: a graph has RDKit's canonical SMILES and formula, and nothing is called unreadable that is not."""
    rng = random.Random(5)
    found = 0
    for smiles in (changed(rng) for _ in range(2000)):
        ours, whole = made(smiles), Chem.MolFromSmiles(smiles)
        if isinstance(ours, str):
            assert (ours == INVALID) == (whole is None or not whole.GetNumAtoms()) or "." in smiles, (smiles, ours)
            continue
        if "." in smiles:
            continue
        found += 1
        assert whole is not None, smiles
        for atom in whole.GetAtoms():
            atom.SetAtomMapNum(0)
        assert not any(atom.GetNumRadicalElectrons() for atom in whole.GetAtoms()), smiles
        again = molecule(ours.atoms, ours.bonds)
        assert again is not None, smiles
        assert Chem.MolToSmiles(again, isomericSmiles=False) == ours.smiles, smiles
        assert Chem.MolToSmiles(Chem.RemoveHs(whole), isomericSmiles=False) == ours.smiles, smiles
        assert CalcMolFormula(again) == CalcMolFormula(whole), smiles
    assert found > 150


@pytest.mark.parametrize(
    "smiles",
    [
        *("C" * 100_000, "C1" + "C" * 50_000 + "C1", "C(" * 1_000_000 + "C" + ")" * 1_000_000, "C" + "(C)" * 20_000),
        *(
            ".".join(["C1", *["C12", "C21"] * 10_000, "C1"]),
            "*1" + "*" * 40_000 + "1",
            "C1CC1" * 30_000,
            "c1ccccc1" * 9_000,
        ),
        *("C1" + "C" * 3_000 + "C1", "C" * 60_000 + "(", "[H]" * 30_000, "C." * 30_000 + "C"),
    ],
)
def test_a_molecule_that_would_take_minutes_or_the_process_is_too_large_at_once(smiles: str) -> None:
    started = time.process_time()
    with pytest.raises(Misfit, match=LARGE):
        graph(smiles, types=18, largest=1000)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "smiles",
    [
        "C" + "(" * 32_000,
        "C" + "1" * 32_000,
        "[" + "1" * 32_000 + "C]",
        "C" + "=" * 32_000 + "C",
        "CC |" + "^1:1," * 6_000,
    ],
)
def test_long_nonsense_is_unreadable_at_once(smiles: str) -> None:
    started = time.process_time()
    with pytest.raises(Misfit, match=INVALID):
        graph(smiles, types=18, largest=1000)
    assert time.process_time() - started < 2


def test_a_molecule_of_many_hydrogens_or_ions_is_as_large_as_its_atoms() -> None:
    assert kept("C([H])([H])([H])" + "C([H])([H])" * 50 + "[H]") == ("C" * 51, [])
    assert kept("[Na+]." * 1000 + "[O-]CC") == ("CC[O-]", [SALT])
