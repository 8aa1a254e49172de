"""SMILES as they are written: what of them is looked at before RDKit perceives anything, and what they may not be."""

import re

from rdkit import Chem

MOST_ATOMS = 1000
"""Of a molecule, whatever a data set would take: graphs have squares of it, and RDKit dies of rings of some 50,000."""

INVALID, LARGE, OTHER_ATOMS = "RDKit cannot read", "have too many atoms", "have other atom types"
ISOTOPES, RADICALS = "have isotopes", "have radicals"
ODD = "have bonds or hydrogens that a graph of single, double and triple bonds does not imply"
STEREO, MAPS = "had stereochemistry marks, which were dropped", "had atom map numbers, which were dropped"
SALT = "were salts or mixtures, of which the largest part was kept"

_TOKEN = re.compile(r"\[[^\]]*\]|Cl|Br|[A-Za-z*]")
_MOST_PARSED = 5 * MOST_ATOMS
"""Atoms of a SMILES that is parsed: most of them may be hydrogens, or ions."""
_LONGEST = 1 << 15
_RAW = Chem.SmilesParserParams()
_RAW.sanitize = False
_RAW.removeHs = False


class Misfit(ValueError):
    """A molecule that no graph of ours holds; says in a few words why, so that cases can be counted."""


def parsed(smiles: str) -> Chem.Mol:
    """A molecule as it is written, with nothing perceived: of large ones that takes minutes, or the process.

    Raises:
        Misfit: RDKit cannot read it, or it is too large to try.
    """
    short = len(smiles) <= _MOST_PARSED or (len(smiles) < _LONGEST and len(_TOKEN.findall(smiles)) <= _MOST_PARSED)
    if not short:
        raise Misfit(LARGE)
    mol = Chem.MolFromSmiles(smiles, _RAW)
    if mol is None or not mol.GetNumAtoms():
        raise Misfit(INVALID)
    return mol


def largest_part(mol: Chem.Mol) -> Chem.Mol:
    """The part with the most atoms; the first by its SMILES among equals, so that the order of parts says nothing."""
    if len(Chem.GetMolFrags(mol)) == 1:
        return mol
    parts = Chem.GetMolFrags(mol, asMols=True, sanitizeFrags=False)
    sizes = [sum(atom.GetAtomicNum() != 1 for atom in part.GetAtoms()) for part in parts]
    largest = [part for part, size in zip(parts, sizes, strict=True) if size == max(sizes)]
    return min(largest, key=_raw_smiles) if len(largest) > 1 else largest[0]


def _raw_smiles(mol: Chem.Mol) -> str:
    mol.UpdatePropertyCache(strict=False)
    return Chem.MolToSmiles(mol, isomericSmiles=False)


def forget(mol: Chem.Mol) -> list[str]:
    """Drop stereochemistry and atom maps in place; says which there were.

    Before anything is perceived: RDKit keeps a hydrogen at which the direction of a double bond is written.
    """
    stereo = maps = False
    for atom in map(mol.GetAtomWithIdx, range(mol.GetNumAtoms())):  # RDKit's own way through them is ten times as slow
        stereo |= atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED
        maps |= atom.GetAtomMapNum() != 0
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        atom.SetAtomMapNum(0)
    for bond in map(mol.GetBondWithIdx, range(mol.GetNumBonds())):
        stereo |= bond.GetBondDir() != Chem.BondDir.NONE
        bond.SetBondDir(Chem.BondDir.NONE)
    return [what for what, had in ((STEREO, stereo), (MAPS, maps)) if had]
