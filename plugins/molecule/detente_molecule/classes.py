"""Classes of molecules: a number that each of them has, cut into equal shares of the training molecules."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import QED
from rdkit.Chem.Crippen import MolLogP  # pyright: ignore[reportAttributeAccessIssue]
from rdkit.Chem.Descriptors import MolWt  # pyright: ignore[reportAttributeAccessIssue]
from rdkit.Chem.rdMolDescriptors import CalcNumRings, CalcTPSA

from detente import Cut, Packed, UsageError, cut, packed
from detente_molecule.chemistry import quiet
from detente_molecule.rewards import accessibility
from detente_molecule.sources import Line

Property = Literal["qed", "logp", "sa", "tpsa", "weight", "rings"]
"""What RDKit computes of a molecule, by the name that users give it."""
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
    train = of.rows("train")
    found = cut(name, values[train], bins, "molecules")
    labels = found.classes(values)
    note = found.counted(labels[train], "molecules")
    if name not in COMPUTED:
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
