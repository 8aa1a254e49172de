"""Data sets of molecules with fixed splits: for training, held out, and for scores.

Splits are disjoint and fixed: molecules are told apart by their canonical SMILES and stand in the order of its hash, so
that neither a seed nor the order of a file decides where one goes. Graphs are kept as uint8 types and encoded one-hot
in batches.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
from rdkit import rdBase
from torch import Tensor

from detente import (
    Bins,
    Count,
    Leaf,
    Packed,
    PackedData,
    Range,
    Sample,
    Space,
    UsageError,
    packed,
    shown,
    shuffled,
    stamps,
)
from detente_molecule import classes, sources
from detente_molecule.chemistry import ATOMS, BONDS, Graph, graph, pair, quiet
from detente_molecule.classes import Property
from detente_molecule.smiles import INVALID, MOST_ATOMS, Misfit
from detente_molecule.sources import Line

_log = logging.getLogger(__name__)

Atoms = Annotated[int, Range(least=1, most=MOST_ATOMS)]
"""Of a molecule, hydrogens not counted."""

SCORED = 1000
"""Molecules that are held out, and molecules that scores compare with."""
ENOUGH = 50
"""A file with fewer molecules trains on all of them: two tenths of so few say nothing about a distribution."""
_NAMED = 10


class Listed:
    """Data whose molecules are listed by their SMILES: the array `smiles` of what is packed."""

    packed: Packed

    def smiles(self, split: str) -> list[str]:
        """Canonical SMILES of a split, in the order of its samples."""
        return [text.decode("ascii") for text in self.packed.arrays["smiles"][self.packed.rows(split)].tolist()]

    @cached_property
    def known(self) -> frozenset[str]:
        """Canonical SMILES of all that generators train on: what is not among them is novel."""
        return frozenset(self.smiles("train"))


class Molecules(Listed, PackedData):
    """Packed graphs, encoded to one-hot float32: bonds [B, N, N, K] and atoms [B, N, T], type 0 of both being none.

    Args:
        of: the graphs.
        types: how many atom types there are.
        condition: the property that divides them into classes, if one does; `cut` says where.
        bins: into how many.
    """

    notes: tuple[str, ...] = ()
    """What a user should know about this set: lines that were skipped, measures that are left out."""

    def __init__(self, of: Packed, types: int, condition: str | None = None, bins: int = 3) -> None:
        self.cut, labels = None, None
        if condition is not None:
            of, self.cut = classes.classed(of, condition, bins)
            labels = torch.from_numpy(of.arrays["labels"])[of.rows("train")]
            self.description = f"{self.description}; classes of {condition}: {self.cut.said()}"
        self.packed, self.notes, self._types = of, of.notes, types + 1
        n = of.arrays["atoms"].shape[1]
        leaves = Leaf((n, n, len(BONDS) + 1), "bonds"), Leaf((n, self._types), "atoms")
        space = Space(leaves, None if self.cut is None else bins)
        cut = "" if self.cut is None else f" {self.cut}"
        identity = sha256(f"{type(self).__name__} {types} {of.digest}{cut}".encode()).hexdigest()
        parts = (self._rows(split) for split in ("train", "held_out", "reference"))
        super().__init__(space, *parts, identity=identity, labels=labels)
        for note in self.notes:
            _log.warning("%s", note)

    def _rows(self, split: str) -> tuple[Tensor, ...]:
        rows = self.packed.rows(split)
        return tuple(torch.from_numpy(self.packed.arrays[name][rows]) for name in ("bonds", "atoms"))

    def encode(self, packed: Sample) -> Sample:
        """Types as uint8 → one-hot float32."""
        bonds, atoms = pair(packed)
        return F.one_hot(bonds.long(), len(BONDS) + 1).float(), F.one_hot(atoms.long(), self._types).float()


class QM9(Molecules):
    """Molecules of up to nine atoms of carbon, nitrogen, oxygen and fluorine: a part of the 130,831 of QM9.

    1,000 are held out and 1,000 are the reference, for any `size`. The 0.4 % that are charged are left out.

    Args:
        size: molecules to train on; all others if it is larger than their number.
        condition: the property that divides them into classes, for conditional models.
        bins: into how many.

    Raises:
        PluginError: the package qm9pack, which contains them, is not installed.
    """

    description = "molecules of up to nine heavy atoms (C, N, O, F), from the 130,831 of QM9"
    licence = "the wheel is MIT; QM9 by R. Ramakrishnan, P. Dral, M. Rupp, O. A. von Lilienfeld, CC0"
    source = "Ramakrishnan et al. 2014, Scientific Data 1, 140022, in the package qm9pack"

    def __init__(self, size: Count = 20_000, condition: Property | None = None, bins: Bins = 3) -> None:
        tables = sources.qm9()
        made_of = {"data": "qm9", "tables": stamps(tables, tables[0].parent), "size": size, **_chemistry()}
        of = packed("molecule", made_of, lambda: _qm9(sources.read_qm9(tables), size))
        super().__init__(of, 4, condition, bins)


def _qm9(lines: Sequence[Line], size: int) -> Packed:
    # The file has molecules once each, but for some hundred that differ in stereochemistry or charge, so reading so
    # many of them in the order of a hash is enough; whether a molecule is scored does not depend on how many follow it.
    some = [lines[i] for i in shuffled(line.smiles.encode() for line in lines)]
    chosen, _ = read(some, types=4, largest=9, most=2 * SCORED + size)
    return _packed(chosen, SCORED)


class Wehi(Molecules):
    """10,000 drug-like molecules of up to 34 atoms, screened at the Walter and Eliza Hall Institute.

    1,000 are held out and 1,000 are the reference.

    Args:
        largest: most atoms of a molecule; larger ones are left out.
        condition: the property that divides them into classes, for conditional models.
        bins: into how many.

    Raises:
        PluginError: the installation of RDKit, which contains them, is incomplete.
    """

    description = "drug-like molecules of 9 to 34 heavy atoms from a screening library"
    licence = "BSD-3-Clause, as RDKit"
    source = "Data/Pains/test_data/wehi_mols.csv in the package rdkit"

    def __init__(self, largest: Atoms = 34, condition: Property | None = None, bins: Bins = 3) -> None:
        table = sources.wehi()
        made_of = {"data": "wehi", "table": sha256(table.read_bytes()).hexdigest(), "largest": largest, **_chemistry()}
        super().__init__(packed("molecule", made_of, lambda: _wehi(table, largest)), 11, condition, bins)


def _wehi(table: Path, largest: int) -> Packed:
    chosen, notes = read(sources.read_wehi(table), types=11, largest=largest)
    return _split(chosen, tuple(notes), "wehi")


class Smiles(Molecules):
    """The molecules in your own file: one SMILES per line, or a column of a table.

    Different molecules (by canonical SMILES) are kept if the atom types include theirs. Stereochemistry is dropped; of
    a salt or mixture the largest part is kept; charges are kept where atom and charge are a declared type (N+, O-, …).
    Left out are lines that RDKit cannot read, and molecules that are too large or have other atoms, isotopes, radicals
    or what else a graph does not say. The notes count each of these and name the first ten unreadable lines.

    Args:
        path: the file, plain or packed by gzip; `.csv` and `.tsv` are tables, all others have words.
        column: which column or word holds them: its name in a header line, or its number, counted from 1. Without a
            column of the default name the one that holds SMILES is taken, and a note says so.
        largest: most atoms of a molecule, hydrogens not counted.
        types: how many atom types there are, in the order C, N, O, F, S, Cl, Br, N+, O-, I, P, B, Si, N-, S+, P+, C-,
        Se.
        condition: what divides them into classes, for conditional models: a property that RDKit computes (qed, logp,
            sa, tpsa, weight, rings), or another column, of numbers, by its name or number. Of lines that repeat a
            molecule the first one's number counts.
        bins: into how many.

    Raises:
        UsageError: there is no such file or column, nothing in it can be used, or a number is missing.
    """

    description = "the molecules in your own file"
    licence = "that of the file"
    source = "your file"

    def __init__(
        self,
        path: str,
        column: str = "smiles",
        largest: Atoms = 38,
        types: Annotated[int, Range(least=1, most=len(ATOMS))] = 11,
        condition: str | None = None,
        bins: Bins = 3,
    ) -> None:
        beside = condition if condition not in classes.COMPUTED else None
        lines, found = sources.read_file(path, column, beside)
        name = shown(Path(path).name)
        numbers = None if beside is None else classes.numbers(lines, beside, name)
        content = sha256("\n".join(f"{n} {s}" for n, s, _ in lines).encode("utf-8", "replace")).hexdigest()
        made_of = {"data": "smiles", "lines": content, "largest": largest, "types": types, **_chemistry()}
        made_of |= {"name": name, "found": found}
        made_of |= {} if numbers is None else {"numbers": [f"{n} {value!r}" for n, value in numbers.items()]}

        def make() -> Packed:
            chosen, notes = read(lines, types, largest)
            if not chosen:
                raise UsageError(f"data 'smiles': no molecule of {shown(path)} can be used. {' '.join(found + notes)}")
            return _split(chosen, (*found, *notes), name, numbers)

        super().__init__(packed("molecule", made_of, make), types, condition, bins)


def read(lines: Sequence[Line], types: int, largest: int, most: int | None = None) -> tuple[list[Graph], list[str]]:
    """The different molecules that fit, in the order of the lines, and what became of the others, a sentence each.

    Args:
        most: stop when there are so many.
    """
    found: dict[str, Graph] = {}
    left_out: Counter[str] = Counter()
    remarks: list[str] = []
    unreadable: list[Line] = []
    again = 0
    with quiet():
        for line in lines:
            if len(found) == most:
                break
            dropped: list[str] = []
            try:
                made = graph(line.smiles, types, largest, dropped)
            except Misfit as why:
                left_out[str(why)] += 1
                if str(why) == INVALID:
                    unreadable.append(line)
                continue
            if made.smiles in found:
                again += 1
                continue
            found[made.smiles] = made._replace(number=line.number)
            remarks += dropped  # of what is kept alone: the others are counted already
    notes = [f"{count:,} lines {why} and are left out." for why, count in left_out.items() if why != INVALID]
    notes += [f"{count:,} molecules {what}." for what, count in Counter(remarks).items()]
    if again:
        notes.append(f"{again:,} lines repeat a molecule, as graphs can tell, and are left out.")
    if unreadable:
        named = ", ".join(f"line {line.number}: {line.smiles[:40]!r}" for line in unreadable[:_NAMED])
        more = f" and {len(unreadable) - _NAMED:,} more" if len(unreadable) > _NAMED else ""
        notes.insert(0, f"{len(unreadable):,} lines {INVALID} and are left out: {named}{more}.")
    return list(found.values()), notes


def _split(
    chosen: Sequence[Graph], notes: tuple[str, ...], what: str, numbers: Mapping[int, float] | None = None
) -> Packed:
    """Shuffle by hash; a tenth is held out and a tenth is the reference, 1,000 each at most."""
    scored = min(SCORED, len(chosen) // 10) if len(chosen) >= ENOUGH else 0
    if not scored:
        notes = (
            *notes,
            f"{what}: {len(chosen)} molecules are too few to split; all are used for training, and scores that need"
            " real molecules are left out: the row of real data, distances, precision, recall, density, coverage.",
        )
    return _packed([chosen[i] for i in shuffled(g.smiles.encode() for g in chosen)], scored, notes, numbers)


def _packed(
    ordered: Sequence[Graph], scored: int, notes: tuple[str, ...] = (), numbers: Mapping[int, float] | None = None
) -> Packed:
    """The first are held out, the next are the reference, all others train; with the `numbers` of their lines."""
    n = max(len(g.atoms) for g in ordered)
    atoms = np.zeros((len(ordered), n), np.uint8)
    bonds = np.zeros((len(ordered), n, n), np.uint8)
    for i, g in enumerate(ordered):
        m = len(g.atoms)
        atoms[i, :m], bonds[i, :m, :m] = g.atoms, g.bonds
    smiles = np.array([g.smiles.encode("ascii") for g in ordered])
    sizes = {"held_out": scored, "reference": scored, "train": len(ordered) - 2 * scored}
    arrays = {"atoms": atoms, "bonds": bonds, "smiles": smiles}
    if numbers is not None:
        arrays["values"] = np.array([numbers[g.number] for g in ordered])
    return Packed(arrays, sizes, notes)


def _chemistry() -> dict[str, object]:
    """What every prepared set depends on beside its lines: canonical SMILES are a matter of RDKit's version."""
    return {"rdkit": rdBase.rdkitVersion, "atoms": ATOMS, "scored": SCORED, "enough": ENOUGH, "format": 2}
