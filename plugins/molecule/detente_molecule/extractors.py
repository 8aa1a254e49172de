"""What turns molecules into features: nothing trained, so nothing shipped."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from rdkit import Chem
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
from torch import Tensor

from detente_molecule.chemistry import quiet

_ENVIRONMENTS = 2048
WIDTH = 64
IDENTITY = f"morgan counts 1, {_ENVIRONMENTS} to {WIDTH}"
"""Stands in the record of runs. Count up when `run` makes other features of a molecule: scores are then no longer
comparable, and runs that were begun before are not continued."""


def run(mols: Sequence[Chem.Mol]) -> Tensor:
    """Features [n, 64], float64: how often each environment of an atom occurs, projected by fixed random directions.

    Morgan counts up to radius 2, as log(1 + count).
    """
    make = GetMorganGenerator(radius=2, fpSize=_ENVIRONMENTS)
    with quiet():
        found = [make.GetCountFingerprintAsNumPy(mol) for mol in mols]
    counts = np.array(found, dtype=np.float64).reshape(-1, _ENVIRONMENTS)  # of a file too small to split, none
    return torch.from_numpy(np.log1p(counts) @ _directions())


@cache
def _directions() -> np.ndarray:
    """Fixed signs [2048, 64] over √64: the same on every machine."""
    signs = np.random.Generator(np.random.PCG64(0)).integers(0, 2, (_ENVIRONMENTS, WIDTH))
    return (2.0 * signs - 1) / np.sqrt(WIDTH)
