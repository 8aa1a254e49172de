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
from detente_molecule.smiles import (
    INVALID,
    ISOTOPES,
    LARGE,
    MOST_ATOMS,
    ODD,
    OTHER_ATOMS,
    RADICALS,
    SALT,
    STEREO,
    Misfit,
    forget,
    largest_part,
    parsed,
)

ATOMS = ("C", "N", "O", "F", "S", "Cl", "Br", "N+", "O-", "I", "P", "B", "Si", "N-", "S+", "P+", "C-", "Se")
"""Atom types with their charge; type k of a graph is the k-th of them, and a data set takes the first so many."""
BONDS = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
"""Bond type k of a graph is the k-th of them."""

_TYPE_OF = {name: i for i, name in enumerate(ATOMS, 1)}
_UNCLEAR = 255
_NAMES = {letter: letter.upper() for letter in "BCNOPSFIbcnops"} | {"L": "Cl", "R": "Br"}
_LETTERS = bytes(_TYPE_OF[_NAMES[chr(c)]] if chr(c) in _NAMES else _UNCLEAR for c in range(256))
"""Atom type by the letter of a SMILES, L and R being Cl and Br; `_UNCLEAR` for what only a look at each atom tells."""
_SILENT = b"-=#()/\\%0123456789"
"""What stands between the letters of atoms and says nothing about them."""
_SAYS_NO_MORE = re.compile(r"\[(C)@@?H?\]|\[(n)H\]")
"""Brackets around an atom that its letter and its bonds tell as well, if its hydrogens are as many as they imply."""
_MISSING = 1000


def _implied_hydrogens() -> np.ndarray:
    """How many hydrogens an uncharged atom has, by its type and the sum of its bonds; `_MISSING` where none fits."""
    valences = Chem.GetPeriodicTable().GetValenceList
    table = np.full((len(ATOMS) + 1, 256), _MISSING)
    for name in set(_NAMES.values()):
        for valence in sorted(valences(name), reverse=True):
            table[_TYPE_OF[name], : valence + 1] = valence - np.arange(valence + 1)
    return table


_IMPLIED = _implied_hydrogens()
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
REFUSED = (Chem.MolSanitizeException, RuntimeError, ValueError)
"""What RDKit raises at a molecule that cannot be."""


@contextmanager
def quiet() -> Iterator[None]:
    """RDKit writes no messages in here; exceptions and return values are as ever."""
    blocked = rdBase.BlockLogs()
    try:
        yield
    finally:
        del blocked


class Graph(NamedTuple):
    """One molecule: atom types uint8 [n] and bond types uint8 [n, n], with its canonical SMILES (no stereo).

    `number` is of the line that it was first read from.
    """

    atoms: np.ndarray
    bonds: np.ndarray
    smiles: str
    number: int = 0


def graph(smiles: str, types: int, largest: int, remarks: list[str] | None = None) -> Graph:
    """The graph of a SMILES; atoms stand in its order.

    Args:
        smiles: one molecule, with or without parts that are joined by dots, a CXSMILES extension, a name.
        types: how many of `ATOMS` are allowed.
        largest: most atoms, hydrogens not counted; 1,000 at most.
        remarks: takes what was dropped on the way: `STEREO`, `MAPS`, `SALT`.

    Raises:
        Misfit: there is none.
    """
    dropped = [STEREO] if "/" in smiles or "\\" in smiles or "@" in smiles else []
    found = _of_letters(smiles, largest)
    if found is None:
        mol = parsed(smiles)
        part = largest_part(mol)
        dropped = forget(part) + ([SALT] if part is not mol else [])
        found = _of_anything(part, largest)
    if max(found.atoms.tobytes()) > types:  # of so few atoms in a tenth of the time of an array's
        raise Misfit(OTHER_ATOMS)
    if remarks is not None:
        remarks += dropped
    return found


def _of_letters(smiles: str, largest: int) -> Graph | None:
    """The graph of a SMILES that says no more than letters do, quickly; None where there is more to it."""
    letters = _SAYS_NO_MORE.sub(r"\1\2", smiles) if "[" in smiles else smiles
    letters = letters.replace("Cl", "L").replace("Br", "R")
    atoms = bytearray(letters, "ascii", "replace").translate(_LETTERS, _SILENT)
    if _UNCLEAR in atoms:
        return None
    mol = parsed(smiles)
    if len(atoms) > min(largest, MOST_ATOMS):
        raise Misfit(LARGE)
    try:
        Chem.SanitizeMol(mol, _CANONICAL)
        canonical = Chem.MolToSmiles(mol, False)  # by position: names of arguments cost RDKit's wrapper a microsecond
        if not canonical.isupper():  # some atom may be aromatic
            Chem.Kekulize(mol, True)
    except REFUSED:
        return None
    if "[" in canonical.replace("[nH]", ""):  # RDKit gives a nitro group without charges its charges
        return None
    types = np.frombuffer(atoms, np.uint8)
    orders = Chem.GetAdjacencyMatrix(mol, True)
    bonds = orders.astype(np.uint8)
    if "[" in smiles or not smiles.isupper():  # hydrogens of capital letters are implied by their bonds
        hydrogens = mol.GetNumAtoms(onlyExplicit=False) - len(atoms)
        if _IMPLIED[types, bonds.sum(0)].sum() != hydrogens or (bonds != orders).any():
            return None
    return Graph(types, bonds, canonical)


def _of_anything(mol: Chem.Mol, largest: int) -> Graph:
    """The graph of any molecule, if RDKit takes it for the same after full sanitization."""
    mol = Chem.RemoveHs(mol, False, True, False)  # their bonds still count, so that five of carbon are too many
    if mol.GetNumAtoms() > min(largest, MOST_ATOMS):
        raise Misfit(LARGE)
    try:
        Chem.SanitizeMol(mol)
    except REFUSED:
        raise Misfit(INVALID) from None
    canonical = Chem.MolToSmiles(mol, False)
    atoms = np.array([_type_of(mol.GetAtomWithIdx(i)) for i in range(mol.GetNumAtoms())], np.uint8)
    try:
        Chem.Kekulize(mol, True)
    except REFUSED:
        raise Misfit(ODD) from None
    orders = Chem.GetAdjacencyMatrix(mol, True)
    if (orders % 1).any() or orders.max() > len(BONDS) or Chem.GetMolSubstanceGroups(mol):
        raise Misfit(ODD)
    made = Graph(atoms, orders.astype(np.uint8), canonical)
    if canonical_smiles(molecule(made.atoms, made.bonds)) != canonical:
        raise Misfit(ODD)
    return made


def _type_of(atom: Chem.Atom) -> int:
    if atom.GetIsotope():
        raise Misfit(ISOTOPES)
    charge = atom.GetFormalCharge()
    kind = _TYPE_OF.get(atom.GetSymbol() + {0: "", 1: "+", -1: "-"}.get(charge, str(charge)))
    if kind is None:
        raise Misfit(OTHER_ATOMS)
    if atom.GetNumRadicalElectrons():
        raise Misfit(RADICALS)
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


def fault(atoms: np.ndarray, bonds: np.ndarray) -> str:
    """Why a graph is not valid, as `3 … of them` would go on; empty where it is."""
    if not (atoms > 0).any():
        return "have no atom"
    mol = _assembled(atoms, bonds)
    if mol is None:
        return "have a bond that ends at no atom"
    if Chem.SanitizeMol(mol, catchErrors=True):
        return "have an atom with too many bonds"
    return "are in several parts" if len(Chem.GetMolFrags(mol)) != 1 else ""


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
