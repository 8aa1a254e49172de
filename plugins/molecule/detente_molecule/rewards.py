"""Properties of molecules by RDKit, and what of them a generator may be rewarded for."""

import gzip
import importlib.util
import math
import pickle
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import torch
from rdkit import Chem
from rdkit.Chem import QED
from rdkit.Chem.Crippen import MolLogP  # pyright: ignore[reportAttributeAccessIssue]
from torch import Tensor

from detente import PluginError, package_file
from detente_molecule.chemistry import Graphs, canonical_smiles, quiet


class Properties(NamedTuple):
    """What RDKit says of a molecule."""

    qed: float
    """Drug-likeness, 0 to 1 (Bickerton et al. 2012)."""
    logp: float
    """Logarithm of its solubility in octanol over that in water (Wildman & Crippen 1999)."""
    sa: float
    """Synthetic accessibility, 1 (easy) to 10 (hard) (Ertl & Schuffenhauer 2009)."""


@lru_cache(maxsize=65_536)  # drug-likeness takes a millisecond, and the same molecules come again
def properties(smiles: str) -> Properties:
    """The properties of a molecule by its canonical SMILES."""
    with quiet():
        mol = Chem.MolFromSmiles(smiles)
        return Properties(QED.qed(mol), MolLogP(mol), accessibility(mol))


def accessibility(mol: Chem.Mol) -> float:
    """How easily a molecule is synthesized, 1 (easy) to 10 (hard)."""
    return _scorer().calculateScore(mol)


@cache
def _scorer() -> ModuleType:
    """RDKit's script for synthetic accessibility, with its table of fragments.

    The table is a pickle, which may hold any program; it is read by a reader that knows plain numbers and lists only.

    Raises:
        PluginError: RDKit came without it, or the table is not what it should be.
    """
    script = package_file("rdkit", "Contrib/SA_Score/sascorer.py", "synthetic accessibility")
    table = package_file("rdkit", "Contrib/SA_Score/fpscores.pkl.gz", "synthetic accessibility")
    spec = importlib.util.spec_from_file_location("detente_molecule._sascorer", script)
    assert spec is not None and spec.loader is not None, "a Python file has a loader"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        with gzip.open(table) as file:
            rows: Any = _PlainUnpickler(file).load()
        scores = {fragment: float(row[0]) for row in rows for fragment in row[1:]}
    except (OSError, EOFError, ValueError, TypeError, pickle.UnpicklingError) as error:
        raise PluginError(f"{table.name} of rdkit cannot be read ({error}). Reinstall rdkit.") from error
    module.__dict__["_fscores"] = scores
    return module


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it would call {module}.{name}")


PROPERTIES: Mapping[str, Callable[[Properties], float]] = {
    "qed": lambda p: p.qed,
    "logp": lambda p: min(1.0, max(0.0, (p.logp + 2) / 6)),
    "sa": lambda p: (10 - p.sa) / 9,
}
"""Rewards between 0 and 1: drug-likeness as it is, logP from −2 to 4, synthetic accessibility from 10 to 1."""


def measured(graphs: Graphs, wanted: Callable[[Properties], float]) -> Tensor:
    """The reward of each graph by RDKit, [B]; NaN of one that is not valid."""
    found = (canonical_smiles(mol) for mol in graphs.molecules())
    return torch.tensor([math.nan if smiles is None else wanted(properties(smiles)) for smiles in found])
