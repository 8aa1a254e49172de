"""Molecules as SELFIES (Krenn et al. 2020): strings of symbols of which every one means a molecule.

Symbols say atoms, branches and rings; hydrogens follow from valences, as everywhere in this package, so that `[NH3+1]`
and `[N+1]` are one symbol. `[nop]` fills what is behind the end of a string.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import numpy as np
import selfies
import torch
import torch.nn.functional as F
from rdkit import Chem, rdBase
from torch import Tensor

from detente import Leaf, Packed, PackedData, Sample, Space, packed
from detente_molecule.chemistry import REFUSED, canonical_smiles, quiet
from detente_molecule.data import Listed, Molecules

NOTHING = "[nop]"
_HYDROGENS = re.compile(r"H\d*(?=[\]+-])")
_SEED = re.compile(r"\[[=#]?(?:Branch|Ring|nop)")


def symbols_of(smiles: str) -> list[str] | None:
    """The symbols of a canonical SMILES without stereochemistry; None where they would mean another molecule."""
    mol = Chem.MolFromSmiles(smiles)
    try:
        Chem.Kekulize(mol, True)
        text = selfies.encoder(Chem.MolToSmiles(mol, isomericSmiles=False, kekuleSmiles=True))
    except (*REFUSED, selfies.EncoderError):
        return None
    found = [_plain(symbol) for symbol in selfies.split_selfies(text)]
    return found if canonical_smiles(molecule_of(found)) == smiles else None


def _plain(symbol: str) -> str:
    return symbol if _SEED.match(symbol) else _HYDROGENS.sub("", symbol)


def molecule_of(symbols: Sequence[str]) -> Chem.Mol | None:
    """What symbols mean, sanitized; None where they are none of an atom, or RDKit refuses the molecule.

    The last ones are kept, for several scores ask for the same: they are not to be changed.
    """
    return _read("".join(symbols))


@lru_cache(maxsize=8192)
def _read(text: str) -> Chem.Mol | None:
    mol = Chem.MolFromSmiles(selfies.decoder(text), sanitize=False)
    if mol is None or not mol.GetNumAtoms():
        return None
    for atom in map(mol.GetAtomWithIdx, range(mol.GetNumAtoms())):
        atom.SetNoImplicit(False)
        atom.SetNumExplicitHs(0)
        atom.SetNumRadicalElectrons(0)
    return None if Chem.SanitizeMol(mol, catchErrors=True) else mol


@dataclass(frozen=True)
class Strings:
    """A batch of strings: the number of each symbol, [B, L]."""

    numbers: np.ndarray
    symbols: tuple[str, ...]

    def molecules(self) -> list[Chem.Mol | None]:
        """Each as a molecule, or None where it is none."""
        with quiet():
            return [molecule_of([self.symbols[i] for i in row]) for row in self.numbers.tolist()]

    def loose(self) -> list[Chem.Mol]:
        """Each as a molecule, without atoms where it is none."""
        return [mol or Chem.Mol() for mol in self.molecules()]


def likeliest_symbols(x: Tensor, symbols: tuple[str, ...]) -> Strings:
    """The likeliest symbol at each place of a sample [B, L, V]."""
    return Strings(x.detach().argmax(-1).cpu().numpy(), symbols)


class SelfiesData(Listed, PackedData):
    """The molecules of another data set as strings, one-hot float32 [B, L, V]; the leaf says the symbols.

    Molecules that SELFIES cannot say, and their splits' shares of the numbers, are left out and counted.
    """

    def __init__(self, of: Molecules) -> None:
        made_of = {"strings": of.identity, "rdkit": rdBase.rdkitVersion, "selfies": selfies.__version__}
        self.packed = packed("molecule", made_of, lambda: _written(of))
        self.notes = (*of.notes, *self.packed.notes)
        self.description, self.licence, self.source = of.description, of.licence, of.source
        symbols = tuple(symbol.decode("ascii") for symbol in self.packed.arrays["symbols"].tolist())
        length = self.packed.arrays["numbers"].shape[1]
        identity = sha256(f"selfies {self.packed.digest}".encode()).hexdigest()
        parts = (self._rows(split) for split in ("train", "held_out", "reference"))
        super().__init__(Space((Leaf((length, len(symbols)), "symbols", symbols=symbols),)), *parts, identity=identity)

    def _rows(self, split: str) -> Tensor:
        return torch.from_numpy(self.packed.arrays["numbers"][self.packed.rows(split)])

    def encode(self, packed: Sample) -> Tensor:
        """Numbers of symbols as uint8 → one-hot float32."""
        assert isinstance(packed, Tensor), "a string is a single tensor"
        return F.one_hot(packed.long(), self.space.leaves[0].shape[1]).float()


def _written(of: Molecules) -> Packed:
    """Strings of all molecules, split by split; symbols in the order of how often they occur in training."""
    kept: dict[str, list[tuple[str, list[str]]]] = {}
    left_out = 0
    with quiet():
        for split in of.packed.sizes:
            written = [(smiles, symbols_of(smiles)) for smiles in of.smiles(split)]
            kept[split] = [(smiles, symbols) for smiles, symbols in written if symbols is not None]
            left_out += len(written) - len(kept[split])
    counts = Counter(symbol for _, symbols in kept["train"] for symbol in symbols)
    names = [NOTHING, *(symbol for symbol, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])))]
    number = {symbol: i for i, symbol in enumerate(names)}
    length = max((len(symbols) for _, symbols in kept["train"]), default=1)
    for split in kept:  # what no generator can write is no part of what it is measured against
        fits = [row for row in kept[split] if len(row[1]) <= length and number.keys() >= set(row[1])]
        left_out += len(kept[split]) - len(fits)
        kept[split] = fits
    every = [row for split in of.packed.sizes for row in kept[split]]
    numbers = np.zeros((len(every), length), np.uint8 if len(names) <= 256 else np.int16)
    for i, (_, symbols) in enumerate(every):
        numbers[i, : len(symbols)] = [number[symbol] for symbol in symbols]
    notes = (f"{left_out:,} molecules have no SELFIES among those of training and are left out.",) if left_out else ()
    arrays = {
        "numbers": numbers,
        "symbols": np.array([name.encode("ascii") for name in names]),
        "smiles": np.array([smiles.encode("ascii") for smiles, _ in every]),
    }
    return Packed(arrays, {split: len(rows) for split, rows in kept.items()}, notes)
