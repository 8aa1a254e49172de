"""Properties of molecules, and rewards for them."""

import gzip
import pickle
from pathlib import Path

import pytest
import torch

from detente import PluginError, package_file
from detente_molecule import rewards
from detente_molecule.chemistry import likeliest
from detente_molecule.data import QM9
from detente_molecule.rewards import PROPERTIES, Properties, measured, properties
from molecules import canonical


def test_synthetic_accessibility_is_rdkit_s_and_ranks_aspirin_before_morphine():
    aspirin, morphine = (
        rewards.properties(canonical(s)).sa
        for s in ("CC(=O)Oc1ccccc1C(=O)O", "CN1CCC23C4C1CC5=C2C(=C(C=C5)O)OC3C(C=C4)O")
    )
    assert aspirin == pytest.approx(1.58, abs=0.01)  # 1.58 in RDKit's own test of the script's version 1.1
    assert aspirin + 2 < morphine


def test_a_table_of_fragments_that_is_a_program_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "touched",))

    (tmp_path / "fpscores.pkl.gz").write_bytes(gzip.compress(pickle.dumps([Evil()])))
    real = package_file

    def found(package: str, inside: str, wanted_by: str) -> Path:
        return tmp_path / "fpscores.pkl.gz" if inside.endswith(".gz") else real(package, inside, wanted_by)

    monkeypatch.setattr(rewards, "package_file", found)
    with pytest.raises(PluginError, match="fpscores"):
        rewards._scorer.__wrapped__()
    assert not (tmp_path / "touched").exists()


def test_rewards_stand_between_0_and_1_and_an_invalid_graph_has_none(few: QM9):
    assert PROPERTIES["qed"](Properties(0.4, 1.0, 3.0)) == 0.4
    assert PROPERTIES["logp"](Properties(0.4, 1.0, 3.0)) == pytest.approx(0.5)
    assert PROPERTIES["logp"](Properties(0.4, -5.0, 3.0)) == 0
    assert PROPERTIES["sa"](Properties(0.4, 1.0, 1.0)) == 1
    bonds, atoms = (leaf.clone() for leaf in few.batch(torch.arange(3)).x)
    atoms[1] = torch.eye(5)[0]
    found = measured(likeliest((bonds, atoms)), PROPERTIES["qed"])
    assert found[1].isnan()
    assert found[0] == pytest.approx(properties(few.smiles("train")[0]).qed)


@pytest.mark.parametrize(
    ("smiles", "logp"),
    [("C", 0.6361), ("CCO", -0.0014), ("c1ccccc1", 1.6866)],  # Wildman & Crippen's contributions, added by hand
)
def test_logp_is_the_sum_of_the_atoms_contributions(smiles: str, logp: float):
    found = rewards.properties(smiles)
    assert found.logp == pytest.approx(logp, abs=1e-4)
    assert 0 < found.qed < 1 <= found.sa < 10


@pytest.mark.parametrize(("logp", "expected"), [(-2.0, 0.0), (1.0, 0.5), (4.0, 1.0), (9.0, 1.0), (-9.0, 0.0)])
def test_a_reward_for_logp_goes_from_minus_2_to_4_and_stops(logp: float, expected: float):
    assert PROPERTIES["logp"](Properties(0.5, logp, 3.0)) == pytest.approx(expected)


@pytest.mark.parametrize(("sa", "expected"), [(1.0, 1.0), (5.5, 0.5), (10.0, 0.0)])
def test_a_reward_for_ease_goes_from_10_to_1(sa: float, expected: float):
    assert PROPERTIES["sa"](Properties(0.5, 0.0, sa)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "content", [b"", b"not gzip", gzip.compress(b"not a pickle", mtime=0), gzip.compress(pickle.dumps(3), mtime=0)]
)
def test_a_table_of_fragments_that_is_broken_says_what_to_reinstall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
):
    (tmp_path / "fpscores.pkl.gz").write_bytes(content)
    real = package_file

    def found(package: str, inside: str, wanted_by: str) -> Path:
        return tmp_path / "fpscores.pkl.gz" if inside.endswith(".gz") else real(package, inside, wanted_by)

    monkeypatch.setattr(rewards, "package_file", found)
    with pytest.raises(PluginError, match="Reinstall rdkit"):
        rewards._scorer.__wrapped__()
