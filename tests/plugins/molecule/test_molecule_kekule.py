"""Features do not depend on which of the alternating bonds of an aromatic ring are the double ones."""

import time

import numpy as np
import pytest
import torch
from rdkit import Chem
from torch import Tensor

from detente_molecule.chemistry import canonical_smiles, graph, loose, molecule, quiet
from detente_molecule.extractors import run

MOLECULES = (
    "Cc1ccccc1C",
    "Cc1cccc2ccccc12",
    "Cc1ccc2nc(O)ccc2c1Cl",
    "COc1ccccc1NC(=O)Nc1ccccc1N1CCOCC1",
    "CCN(CC)c1cc(C)c2cc(NC(=O)c3ccc(F)cc3Cl)ccc2n1",
    "c1ccc2c(c1)ccc1ccc3ccccc3c12",
)


def forms(smiles: str, most: int = 8) -> list[tuple[np.ndarray, np.ndarray]]:
    """The Kekulé forms that one gets by turning alternating rings round, as graphs with one order of atoms."""
    made, mol = graph(smiles, 18, 40), Chem.MolFromSmiles(smiles)
    found = [made.bonds]
    for bonds in found:
        for ring in mol.GetRingInfo().AtomRings():
            here, there = np.array(ring), np.roll(ring, -1)
            orders = bonds[here, there]
            if len(ring) % 2 or set(orders) != {1, 2} or (orders == np.roll(orders, 1)).any():
                continue
            turned = bonds.copy()
            turned[here, there] = turned[there, here] = 3 - orders
            if len(found) < most and not any((turned == other).all() for other in found):
                found.append(turned)
    return [(made.atoms, bonds) for bonds in found]


def apart(graphs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    with quiet():
        features = run([loose(*one) for one in graphs])
    return torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist").max().item()


def beside(one: tuple[np.ndarray, np.ndarray], atoms: list[int], order: int) -> tuple[np.ndarray, np.ndarray]:
    """A graph with two more atoms, bound to each other alone."""
    n = len(one[0])
    bonds = np.zeros((n + 2, n + 2), np.uint8)
    bonds[:n, :n] = one[1]
    bonds[n, n + 1] = bonds[n + 1, n] = order
    return np.append(one[0], np.array(atoms, np.uint8)), bonds


@pytest.mark.parametrize("smiles", MOLECULES)
def test_the_forms_of_one_molecule_have_the_same_features(smiles: str):
    graphs = forms(smiles)
    canonical = canonical_smiles(Chem.MolFromSmiles(smiles))
    assert len(graphs) > 1 and {canonical_smiles(molecule(*one)) for one in graphs} == {canonical}
    assert apart(graphs) < 1e-12  # sums in another order


@pytest.mark.parametrize("smiles", MOLECULES)
def test_nor_do_they_where_something_else_makes_the_graph_invalid(smiles: str):
    graphs = [beside(one, atoms=[3, 1], order=3) for one in forms(smiles)]  # O≡C, which RDKit refuses
    assert len(graphs) > 1 and all(molecule(*one) is None for one in graphs)
    assert apart(graphs) < 1e-12  # sums in another order


def test_a_different_place_of_a_group_still_differs():
    ortho, meta = (graph(smiles, 18, 40) for smiles in ("Cc1ccccc1C", "Cc1cccc(C)c1"))
    assert apart([ortho[:2], meta[:2]]) > 1


def test_a_ring_that_is_not_aromatic_keeps_its_double_bonds():
    single, double = (graph(smiles, 18, 40) for smiles in ("C1CCCCC1", "C1CC=CCC1"))
    assert apart([single[:2], double[:2]]) > 1


def test_graphs_of_an_untrained_generator_take_no_longer_than_molecules():
    rng = np.random.default_rng(0)

    def tangle(share: float) -> tuple[np.ndarray, np.ndarray]:
        upper = np.triu(np.where(rng.random((34, 34)) < share, rng.integers(1, 4, (34, 34)), 0), 1).astype(np.uint8)
        return rng.integers(1, 12, 34).astype(np.uint8), upper + upper.T

    start = time.perf_counter()
    with quiet():
        found: Tensor = run([loose(*tangle(share)) for share in (0.1, 0.3, 0.75, 0.95) for _ in range(10)])
    assert found.isfinite().all()
    assert time.perf_counter() - start < 5  # 0.15 s here; looking for the rings of the densest takes half a minute
