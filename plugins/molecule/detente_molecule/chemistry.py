"""Between SMILES and graphs: which atoms and bonds there are, what fits them, what a graph means.

A graph is a row of atom types [N] and a symmetric matrix of bond types [N, N], 0 standing for none in both. Aromatic
rings are kekulized, so that single, double and triple bonds say all; hydrogens follow from valences; an atom with a
charge is a type of its own; stereochemistry is not represented.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from rdkit import Chem, rdBase
from torch import Tensor

from detente import Sample

ATOMS = ("C", "N", "O", "F", "S", "Cl", "Br", "N+", "O-", "I", "P", "B", "Si", "N-", "S+", "P+", "C-", "Se")
"""Atom types with their charge; type k of a graph is the k-th of them, and a data set takes the first so many."""
BONDS = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
"""Bond type k of a graph is the k-th of them."""

_TYPE_OF = {name: i for i, name in enumerate(ATOMS, 1)}
_TOKEN = re.compile(r"\[[^\]]*\]|Cl|Br|[A-Za-z]")
_NAMES = {letter: letter.upper() for letter in "BCNOPSFIbcnops"} | {"L": "Cl", "R": "Br"}
_UNCLEAR = 255
_LETTERS = bytes(_TYPE_OF[_NAMES[chr(c)]] if chr(c) in _NAMES else _UNCLEAR for c in range(256))
"""Atom type by the letter of a SMILES, L and R being Cl and Br; `_UNCLEAR` for what only a look at each atom tells."""
_SILENT = b"-=#:()/\\%0123456789"
"""What stands between the letters of atoms and says nothing about them."""
_RAW = Chem.SmilesParserParams()
_RAW.sanitize = False
_RAW.removeHs = False
_flags = Chem.SanitizeFlags
# Of RDKit's sanitization, what canonical SMILES without stereochemistry depend on: two thirds of its time.
_CANONICAL = int(
    _flags.SANITIZE_CLEANUP
    | _flags.SANITIZE_PROPERTIES
    | _flags.SANITIZE_SYMMRINGS
    | _flags.SANITIZE_KEKULIZE
    | _flags.SANITIZE_SETAROMATICITY
    | _flags.SANITIZE_ADJUSTHS
)


@contextmanager
def quiet() -> Iterator[None]:
    """RDKit writes no messages in here; exceptions and return values are as ever."""
    blocked = rdBase.BlockLogs()
    try:
        yield
    finally:
        del blocked


class Graph(NamedTuple):
    """One molecule: atom types uint8 [n] and bond types uint8 [n, n], with its canonical SMILES (no stereo)."""

    atoms: np.ndarray
    bonds: np.ndarray
    smiles: str


class Misfit(ValueError):
    """A molecule that no graph of ours holds; says in a few words why, so that cases can be counted."""


INVALID, LARGE, OTHER_ATOMS, ODD = (
    "RDKit cannot read",
    "have too many atoms",
    "have other atom types",
    "have isotopes, radicals or hydrogens that the bonds do not imply",
)
STEREO, SALT = "had stereochemistry, which was dropped", "were salts or mixtures, of which the largest part was kept"


def graph(smiles: str, types: int, largest: int, remarks: list[str] | None = None) -> Graph:
    """The graph of a SMILES; atoms stand in its order.

    Args:
        smiles: one molecule, with or without parts that are joined by dots.
        types: how many of `ATOMS` are allowed.
        largest: most atoms, hydrogens not counted.
        remarks: takes what was dropped on the way, `STEREO` or `SALT`.

    Raises:
        Misfit: there is none.
    """
    if "@" in smiles or "/" in smiles or "\\" in smiles:
        _remark(remarks, STEREO)
    if "." in smiles:
        smiles = _largest_part(smiles)
        _remark(remarks, SALT)
    mol = Chem.MolFromSmiles(smiles, _RAW)
    if mol is None or not smiles:
        raise Misfit(INVALID)
    atoms = _types_by_letter(smiles)
    plain = _UNCLEAR not in atoms
    try:
        if not plain:
            mol = Chem.RemoveHs(mol, sanitize=False)
        Chem.SanitizeMol(mol, _CANONICAL)
        canonical = Chem.MolToSmiles(mol, False)  # by position: names of arguments cost RDKit's wrapper a microsecond
        if not canonical.isupper():  # some atom may be aromatic
            Chem.Kekulize(mol, True)
    except (Chem.MolSanitizeException, RuntimeError, ValueError):
        raise Misfit(INVALID) from None
    if mol.GetNumAtoms() > largest:
        raise Misfit(LARGE)
    # RDKit gives a nitro group without charges its charges.
    plain = plain and ("[" not in canonical or _UNCLEAR not in _types_by_letter(canonical))
    if not plain:
        atoms = bytearray(map(_type_of, mol.GetAtoms()))
    if max(atoms) > types:
        raise Misfit(OTHER_ATOMS)
    orders = Chem.GetAdjacencyMatrix(mol, True)
    made = Graph(np.frombuffer(atoms, np.uint8), orders.astype(np.uint8), canonical)
    if not plain and ((orders % 1).any() or orders.max() > 3 or canonical_smiles(molecule(*made[:2])) != canonical):
        raise Misfit(ODD)
    return made


def _remark(remarks: list[str] | None, what: str) -> None:
    if remarks is not None:
        remarks.append(what)


def _largest_part(smiles: str) -> str:
    """The part between dots with the most atoms; the first by its text among equals, so that order says nothing."""
    return max(sorted(smiles.split(".")), key=lambda part: len(_TOKEN.findall(part.replace("[H]", ""))))


def _types_by_letter(smiles: str) -> bytearray:
    """Types of the atoms in the order of a SMILES; `_UNCLEAR` among them if there is more to it than letters.

    Of the brackets only [nH] says no more than its letter; there are bonds of other kinds, too, and names
    after a space.
    """
    letters = smiles.replace("[nH]", "n").replace("Cl", "L").replace("Br", "R")
    return bytearray(letters, "ascii", "replace").translate(_LETTERS, _SILENT)


def _type_of(atom: Chem.Atom) -> int:
    if atom.GetIsotope() or atom.GetNumRadicalElectrons():
        raise Misfit(ODD)
    charge = atom.GetFormalCharge()
    kind = _TYPE_OF.get(atom.GetSymbol() + {0: "", 1: "+", -1: "-"}.get(charge, str(charge)))
    if kind is None:
        raise Misfit(OTHER_ATOMS)
    return kind


def _assembled(atoms: np.ndarray, bonds: np.ndarray) -> Chem.RWMol | None:
    """The molecule of a graph, not sanitized; None where there is no atom, or a bond that ends at none."""
    present = atoms > 0
    if not present.any() or bonds[~present].any():
        return None
    mol = Chem.RWMol()
    index = np.cumsum(present) - 1
    for kind in atoms[present].tolist():
        mol.AddAtom(_blueprint(kind))
    for i, j in zip(*(at.tolist() for at in np.nonzero(np.triu(bonds, 1))), strict=True):
        mol.AddBond(int(index[i]), int(index[j]), BONDS[bonds[i, j] - 1])
    return mol


@cache
def _blueprint(kind: int) -> Chem.Atom:
    name = ATOMS[kind - 1]
    atom = Chem.Atom(name.rstrip("+-"))
    atom.SetFormalCharge(name.count("+") - name.count("-"))
    return atom


def molecule(atoms: np.ndarray, bonds: np.ndarray) -> Chem.Mol | None:
    """What a graph means, sanitized; None unless it is valid: RDKit accepts it, and it is one connected molecule.

    Args:
        atoms: types [N], 0 for none.
        bonds: types [N, N], symmetric, 0 for none; one that ends at no atom makes the graph invalid.
    """
    mol = _assembled(atoms, bonds)
    if mol is None or len(Chem.GetMolFrags(mol)) != 1:
        return None
    failed = Chem.SanitizeMol(mol, catchErrors=True)
    return None if failed else mol.GetMol()


def loose(atoms: np.ndarray, bonds: np.ndarray) -> Chem.Mol:
    """What there is of a graph, valid or not: bonds that end nowhere left out, and valences checked by nobody.

    Sanitized where RDKit accepts it; elsewhere rings and aromaticity are perceived, as far as they go. So of a ring
    whose bonds alternate it does not matter which of them are the double ones.
    """
    present = atoms > 0
    kept = np.where(present[:, None] & present, bonds, 0)
    mol = _assembled(atoms, kept) or Chem.RWMol()
    if not Chem.SanitizeMol(mol, catchErrors=True):
        return mol.GetMol()
    mol = _assembled(atoms, kept) or Chem.RWMol()  # sanitization may have stopped half way
    mol.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(mol)
    if mol.GetNumBonds() <= 2 * mol.GetNumAtoms():  # in a tangle there is no end of rings, and none is aromatic
        Chem.SanitizeMol(mol, _flags.SANITIZE_SYMMRINGS | _flags.SANITIZE_SETAROMATICITY, catchErrors=True)
    return mol.GetMol()


def canonical_smiles(mol: Chem.Mol | None) -> str | None:
    """Canonical SMILES without stereochemistry; None of None."""
    return None if mol is None else Chem.MolToSmiles(mol, isomericSmiles=False)


@dataclass(frozen=True)
class Graphs:
    """A batch of graphs as types: atoms [B, N], bonds [B, N, N]."""

    atoms: np.ndarray
    bonds: np.ndarray

    def molecules(self) -> list[Chem.Mol | None]:
        """Each as a molecule, or None where it is not valid."""
        with quiet():
            return [molecule(a, b) for a, b in zip(self.atoms, self.bonds, strict=True)]

    def loose(self) -> list[Chem.Mol]:
        """Each as far as it goes."""
        with quiet():
            return [loose(a, b) for a, b in zip(self.atoms, self.bonds, strict=True)]


def likeliest(x: Sample) -> Graphs:
    """The likeliest type of each atom and each bond of a sample (bonds [B, N, N, K], atoms [B, N, T])."""
    bonds, atoms = pair(x)
    found = bonds.detach().argmax(-1).cpu().numpy().astype(np.uint8)
    return Graphs(atoms.detach().argmax(-1).cpu().numpy().astype(np.uint8), np.triu(found, 1) + np.triu(found, 1).mT)


def pair(x: Sample) -> tuple[Tensor, Tensor]:
    """Bonds and atoms of a sample."""
    assert isinstance(x, tuple) and len(x) == 2, "a graph is a pair of bonds and atoms"
    return x


def unique(mols: Iterable[Chem.Mol | None]) -> dict[str, Chem.Mol]:
    """The different valid molecules by their canonical SMILES, in the order of their first appearance."""
    found: dict[str, Chem.Mol] = {}
    for mol in mols:
        if mol is not None:
            found.setdefault(Chem.MolToSmiles(mol, isomericSmiles=False), mol)
    return found
