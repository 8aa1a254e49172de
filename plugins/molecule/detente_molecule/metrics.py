"""The usual scores of generated molecules, as defined by MOSES (Polykovskiy et al. 2020)."""

import math
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from rdkit import Chem
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
from scipy.stats import wasserstein_distance

from detente import CLASS_MEANS, Asked, Evaluation, Metric, class_accuracy, class_means, frechet_distance, paired
from detente_molecule.chemistry import canonical_smiles, quiet, unique
from detente_molecule.classes import COMPUTED
from detente_molecule.data import Listed, Molecules
from detente_molecule.domain import read
from detente_molecule.rewards import Properties, properties

_ROWS = 1024
"""Rows of the matrix of similarities that are in memory at a time."""
_FINGERPRINT = GetMorganGenerator(radius=2, fpSize=1024)


class Validity(Metric):
    """Fractions of valid, of unique and of novel molecules among n samples.

    `validity`: RDKit sanitizes the graph and it is one connected molecule. `uniqueness`: different canonical SMILES
    over valid samples. `novelty`: the share of those different ones that generators were not trained on. Their product,
    `valid-unique-novel`, is the number of different new molecules over n. Uniqueness falls as n grows: compare at one
    n. A share of nothing is NaN, and so is what is new where the data list no molecules.
    """

    scores = {"valid-unique-novel": "higher", "validity": "higher", "uniqueness": "higher", "novelty": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        mols = read(e.samples, e.domain).molecules()
        valid, different = sum(mol is not None for mol in mols), unique(mols)
        known = e.data.known if isinstance(e.data, Listed) else None
        new = math.nan if known is None else sum(smiles not in known for smiles in different)
        return {
            "valid-unique-novel": _share(new, e.n),
            "validity": _share(valid, e.n),
            "uniqueness": _share(len(different), valid),
            "novelty": _share(new, len(different)),
        }


class Diversity(Metric):
    """Diversity of the valid samples: 1 − E T(a, b) over all pairs (MOSES's IntDiv₁).

    T is the Tanimoto similarity of Morgan fingerprints of radius 2 with 1,024 bits; pairs of a sample with itself
    count, and copies of a molecule count as often as there are of them. Of more than 10,000 valid samples, so many are
    compared. NaN where nothing is valid.
    """

    scores = {"internal-diversity": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        mols = [mol for mol in read(e.samples, e.domain).molecules() if mol is not None]
        if not mols:
            return {"internal-diversity": math.nan}
        with quiet():
            bits = torch.from_numpy(np.stack([fingerprint(mol) for mol in mols])).double()
        bits = paired(bits, "internal-diversity", e.rng.at("internal-diversity"))
        each, sums = bits.sum(1), list[torch.Tensor]()
        for part, own in zip(bits.split(_ROWS), each.split(_ROWS), strict=True):
            both = part @ bits.T
            # Every molecule has a bit: each of its atoms sets one.
            sums.append((both / (own[:, None] + each - both)).sum())
        return {"internal-diversity": 1 - torch.stack(sums).sum().item() / len(bits) ** 2}


_MEASURED: Mapping[str, Callable[[Properties], float]] = {
    "qed": lambda p: p.qed,
    "logp": lambda p: p.logp,
    "sa": lambda p: p.sa,
}


class PropertyScores(Metric):
    """Properties of the samples, and how their distributions differ from the reference's.

    `qed`, `logp` and `sa` are means over the different valid molecules. `qed-distance` and `logp-distance` are
    Wasserstein-1 distances between all valid samples and the reference. NaN where nothing is valid or compared with.
    """

    scores = {
        "qed": "higher",
        "logp": "neither",
        "sa": "lower",
        "qed-distance": "lower",
        "logp-distance": "lower",
    }

    def __call__(self, e: Evaluation) -> dict[str, float]:
        with quiet():
            every = [canonical_smiles(mol) for mol in read(e.samples, e.domain).molecules() if mol is not None]
        if not every:
            return dict.fromkeys(self.scores, math.nan)
        different = [properties(smiles) for smiles in dict.fromkeys(smiles for smiles in every if smiles)]
        scores = {name: math.fsum(map(of, different)) / len(different) for name, of in _MEASURED.items()}
        reference = e.data.smiles("reference") if isinstance(e.data, Listed) else []
        for name in ("qed", "logp"):
            found, wanted = ([_MEASURED[name](properties(s)) for s in of if s] for of in (every, reference))
            scores[f"{name}-distance"] = float(wasserstein_distance(found, wanted)) if wanted else math.nan
        return scores


class ClassAccuracy(Metric):
    """Of valid samples that were made under a class, the share whose property lies within its limits.

    Compare with 1 over the number of classes. The row of held-out data has 1: the property defines the class. NaN
    without classes, where RDKit does not compute the property, and where nothing is valid.
    """

    scores = {"class-accuracy": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return class_accuracy(_by_class(e))


class ClassMeans(Metric):
    """The mean of the property that makes the classes, over the valid samples that were made under each class.

    NaN of classes that there are none of, and as for `class-accuracy`.
    """

    scores = CLASS_MEANS

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return class_means(_by_class(e))


def _by_class(e: Evaluation) -> list[Asked]:
    """Of each valid sample the class that was asked for, its property and the class that this lies in.

    Empty where there are no classes, or the property cannot be computed.
    """
    cut = e.data.cut if isinstance(e.data, Molecules) else None
    measure = None if cut is None else COMPUTED.get(cut.name)
    if cut is None or measure is None or e.labels is None:
        return []
    with quiet():
        every = [canonical_smiles(mol) for mol in read(e.samples, e.domain).molecules()]
        asked = [k for k, smiles in zip(e.labels.tolist(), every, strict=True) if smiles is not None]
        values = [measure(smiles) for smiles in every if smiles is not None]
    return [*map(Asked, asked, values, cut.classes(np.array(values)).tolist())]


class ChemNet(Metric):
    """Fréchet ChemNet distance between valid samples and the reference (Preuer et al. 2018).

    The distance between Gaussians fitted to 512 activations each of fcd_torch's ChemNet; at a thousand samples it is
    some tenths too large, so compare at one n. It takes five milliseconds per molecule and is not one of the domain's
    default metrics. NaN with fewer than two.
    """

    scores = {"fcd": "lower"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        reference = e.data.smiles("reference") if isinstance(e.data, Listed) else []
        with quiet():
            valid = [canonical_smiles(mol) for mol in read(e.samples, e.domain).molecules() if mol is not None]
        if min(len(valid), len(reference)) < 2:
            return {"fcd": math.nan}
        with warnings.catch_warnings():
            # fcd_torch stacks by a name that NumPy has renamed.
            warnings.simplefilter("ignore", DeprecationWarning)
            found, wanted = (torch.from_numpy(chemnet().get_predictions(smiles)) for smiles in (valid, reference))
        return {"fcd": frechet_distance(found, wanted)}


@cache
def chemnet() -> Any:
    """fcd_torch's ChemNet, with the weights inside its package."""
    from fcd_torch import FCD

    return FCD(device="cpu", canonize=False)


def _share(part: float, of: int) -> float:
    return part / of if of else math.nan


def fingerprint(mol: Chem.Mol) -> np.ndarray:
    """Morgan fingerprint of radius 2, 1,024 bits, uint8."""
    return _FINGERPRINT.GetFingerprintAsNumPy(mol)
