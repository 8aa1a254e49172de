"""Classes of molecules: a number that each of them has, cut into equal shares of the training molecules."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import QED
from rdkit.Chem.Crippen import MolLogP  # pyright: ignore[reportAttributeAccessIssue]
from rdkit.Chem.Descriptors import MolWt  # pyright: ignore[reportAttributeAccessIssue]
from rdkit.Chem.rdMolDescriptors import CalcNumRings, CalcTPSA

from detente import Packed, Range, UsageError, packed
from detente_molecule.chemistry import quiet
from detente_molecule.rewards import accessibility
from detente_molecule.sources import Line

Property = Literal["qed", "logp", "sa", "tpsa", "weight", "rings"]
"""What RDKit computes of a molecule, by the name that users give it."""
MOST_BINS = 5
Bins = Annotated[int, Range(least=2, most=MOST_BINS)]
"""How many classes the values of a property are cut into."""

_NAMED = 3


def _of_molecule(measure: Callable[[Chem.Mol], float]) -> Callable[[str], float]:
    return lambda smiles: float(measure(Chem.MolFromSmiles(smiles)))


COMPUTED: Mapping[str, Callable[[str], float]] = {
    "qed": _of_molecule(QED.qed),
    "logp": _of_molecule(MolLogP),
    "sa": _of_molecule(accessibility),
    "tpsa": _of_molecule(CalcTPSA),
    "weight": _of_molecule(MolWt),
    "rings": _of_molecule(CalcNumRings),
}
"""Each `Property` of a molecule by its canonical SMILES: `tpsa`, the topological polar surface, in Å² (Ertl et al.
2000), `weight` in g/mol, `rings` the size of the smallest set of smallest rings; the others as in `Properties`."""


@dataclass(frozen=True)
class Cut:
    """Where the values of a property are cut: class k is from limit k − 1 up to below limit k, both where there is one.

    Attributes:
        name: of the property, or of a column of the user's file.
        limits: between the classes, rising, one fewer than there are classes.
    """

    name: str
    limits: tuple[float, ...]

    @property
    def measure(self) -> Callable[[str], float] | None:
        """The property of a canonical SMILES; None of a column, which says nothing of other molecules."""
        return COMPUTED.get(self.name)

    def classes(self, values: np.ndarray) -> np.ndarray:
        """The class of each value, [n] → int64 [n]."""
        return np.searchsorted(np.array(self.limits), values, side="right")

    def said(self) -> str:
        """The classes with their limits: `0 below 0.41, 1 from 0.41 to below 0.5, 2 from 0.5`."""
        ends = [f"{limit:.4g}" for limit in self.limits]
        between = [f"{k} from {a} to below {b}" for k, (a, b) in enumerate(pairwise(ends), 1)]
        return ", ".join([f"0 below {ends[0]}", *between, f"{len(ends)} from {ends[-1]}"])


def cut(name: str, values: np.ndarray, bins: int) -> Cut:
    """The cut of training values [n] into shares that are as equal as their ties allow; no class is empty.

    Raises:
        UsageError: the molecules all have one value, or fewer than `bins` different ones.
    """
    different, counts = np.unique(values, return_counts=True)
    if len(different) < 2:
        raise UsageError(
            f"data.condition={name}: it is {different[0]:.4g} for every molecule to train on, so there are no classes."
            " Take another property."
        )
    if len(different) < bins:
        raise UsageError(
            f"data.bins={bins}: {name} has only {len(different)} different values among {len(values):,} molecules to"
            f" train on. Set data.bins={len(different)}, or take another property."
        )
    below = np.cumsum(counts) - counts  # how many values are smaller than each of the different ones
    limits, first = list[float](), 1
    for k in range(1, bins):
        possible = below[first : len(different) - (bins - k) + 1]
        at = first + int(np.abs(possible - len(values) * k / bins).argmin())
        limits.append(float(different[at]))
        first = at + 1
    return Cut(name, tuple(limits))


def classed(of: Packed, name: str, bins: int) -> tuple[Packed, Cut]:
    """Packed molecules with an array `labels`, the class of each, and how they were cut; a note says it.

    Args:
        of: with an array `smiles`, and `values` where the numbers come from the user's file.
        name: of the property or column.
        bins: how many classes.

    Raises:
        UsageError: there is no such property, or its values cannot be cut so.
    """
    if "values" not in of.arrays and name not in COMPUTED:
        raise UsageError(f"data.condition={name!r} should be one of {', '.join(COMPUTED)}.")
    values = of.arrays["values"] if "values" in of.arrays else _computed(of, name)
    found = cut(name, values[of.rows("train")], bins)
    labels = found.classes(values)
    shares = ", ".join(f"{count:,}" for count in np.bincount(labels[of.rows("train")], minlength=bins))
    note = f"Classes of {name}: {found.said()}; {shares} molecules to train on."
    if found.measure is None:
        note += f" RDKit does not compute {name}, so class-accuracy is not measured."
    return Packed({**of.arrays, "labels": labels}, of.sizes, (*of.notes, note)), found


def _computed(of: Packed, name: str) -> np.ndarray:
    """The property of every molecule, float64 [n], from the cache where it is there."""

    def make() -> Packed:
        with quiet():
            values = [COMPUTED[name](smiles.decode("ascii")) for smiles in of.arrays["smiles"].tolist()]
        return Packed({"values": np.array(values)}, of.sizes)

    return packed("molecule", {"property": name, "of": of.digest, "rdkit": rdBase.rdkitVersion}, make).arrays["values"]


def numbers(lines: Sequence[Line], name: str, path: str) -> dict[int, float]:
    """The number beside each SMILES, by its line.

    Raises:
        UsageError: a line has none.
    """
    found = {line.number: _number(line.beside) for line in lines}
    missing = [line for line in lines if not math.isfinite(found[line.number])]
    if missing:
        named = ", ".join(f"line {line.number}: {line.beside[:40]!r}" for line in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        raise UsageError(
            f"data 'smiles': column {name!r} of {path} has no finite number in {len(missing):,} of {len(lines):,} lines"
            f" ({named}{more}). Fill them in, or take these lines out of the file."
        )
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
