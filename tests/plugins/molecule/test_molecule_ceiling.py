"""No row of molecules is made of the same ones twice, and a share of nothing is not 0."""

import math
from pathlib import Path

import pytest
import torch

from detente import Evaluation, Stream
from detente.training.evaluation import sample_count
from detente_molecule.data import Smiles
from detente_molecule.domain import Molecule
from detente_molecule.metrics import Validity


@pytest.fixture(scope="module", autouse=True)
def a_cache_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Smiles:
    """Ethers and amines: 90 molecules, of which nine are held out."""
    path: Path = tmp_path_factory.mktemp("smiles") / "chains.smi"
    made = {"C" * a + kind + "C" * b for a in range(1, 10) for b in range(1, a + 1) for kind in ("O", "N")}
    path.write_text("\n".join(sorted(made)))
    return Smiles(str(path))


def validity(x, data) -> dict[str, float]:
    return Validity()(Evaluation(x, data, Molecule(), Stream(0)))


@pytest.mark.parametrize("wanted", [10, 1000, 10_000])
def test_the_ceiling_of_molecules_is_that_of_the_held_out_ones(chains, wanted):
    n = sample_count(Molecule(), chains, wanted)
    assert n == len(chains.real(wanted)[1]) == len(chains.smiles("held_out")) == 9
    assert validity(chains.real(wanted), chains) == dict.fromkeys(Validity.scores, 1.0)
    twice = tuple(leaf.repeat(2, *(1,) * (leaf.dim() - 1)) for leaf in chains.held_out())
    assert validity(twice, chains)["valid-unique-novel"] == 0.5  # as the ceiling was by repetition


def test_what_is_unique_or_new_among_no_valid_molecules_is_nan(chains):
    bonds, atoms = (torch.zeros_like(leaf[:4]) for leaf in chains.held_out())
    bonds[..., 0] = atoms[..., 0] = 1  # no atom at all
    found = validity((bonds, atoms), chains)
    assert found["validity"] == found["valid-unique-novel"] == 0
    assert math.isnan(found["uniqueness"]) and math.isnan(found["novelty"])


def test_what_is_new_to_data_of_another_class_is_unknown(chains):
    found = validity(chains.held_out(), object())
    assert found["validity"] == found["uniqueness"] == 1
    assert math.isnan(found["novelty"]) and math.isnan(found["valid-unique-novel"])
