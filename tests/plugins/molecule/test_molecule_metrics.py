"""The field's measures of molecules, against RDKit and by hand."""

import math

import numpy as np
import pytest
import torch
from rdkit import Chem, DataStructs
from rdkit.Chem import AllChem, Crippen, Descriptors

from detente import Evaluation, Sample, Stream
from detente_molecule import chemistry, data, metrics
from detente_molecule.data import QM9
from detente_molecule.domain import Molecule
from molecules import canonical
from seeded import seeded


def evaluation(x: Sample, of: data.Molecules) -> Evaluation:
    return Evaluation(x, of, Molecule(), Stream(0))


@pytest.fixture(scope="module")
def mixed(qm9: QM9) -> Sample:
    """Real molecules, copies, training molecules and broken graphs: 120 samples."""
    new, known = qm9.held_out(), qm9.batch(torch.arange(30)).x
    x = [torch.cat([a[:50], a[:20], b]) for a, b in zip(new, known, strict=True)]
    broken = Molecule().baseline(qm9, 20, seeded(3))
    return tuple(torch.cat([a, b]) for a, b in zip(x, broken, strict=True))


def by_hand(x: Sample) -> list[str]:
    """Canonical SMILES of valid samples, without this plugin's chemistry."""
    found = []
    bonds, atoms = (leaf.argmax(-1) for leaf in x)
    for b, a in zip(bonds.tolist(), atoms.tolist(), strict=True):
        mol, places = Chem.RWMol(), {}
        for i, kind in enumerate(a):
            if kind:
                places[i] = mol.AddAtom(Chem.Atom([6, 7, 8, 9][kind - 1]))
        pairs = [(i, j) for i in range(9) for j in range(i) if b[i][j]]
        if not places or any(i not in places or j not in places for i, j in pairs):
            continue
        for i, j in pairs:
            mol.AddBond(
                places[i], places[j], [Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE][b[i][j] - 1]
            )
        smiles = Chem.MolToSmiles(mol)
        if "." not in smiles and Chem.MolFromSmiles(smiles) is not None:
            found.append(canonical(smiles))
    return found


def test_validity_uniqueness_and_novelty_are_shares_of_what_they_say(qm9: QM9, mixed: Sample):
    with chemistry.quiet():
        every = by_hand(mixed)
    assert 100 <= len(every) < 120
    found = metrics.Validity()(evaluation(mixed, qm9))
    assert found["validity"] == pytest.approx(len(every) / 120)
    assert found["uniqueness"] == pytest.approx(len(set(every)) / len(every))
    assert found["novelty"] == pytest.approx(len(set(every) - qm9.known) / len(set(every)))
    assert found["valid-unique-novel"] == pytest.approx(found["validity"] * found["uniqueness"] * found["novelty"])
    real = metrics.Validity()(evaluation(qm9.held_out(), qm9))
    assert set(real.values()) == {1.0}
    assert metrics.Validity()(evaluation(qm9.batch(torch.arange(50)).x, qm9))["novelty"] == 0


def test_internal_diversity_is_moses_s(qm9: QM9, mixed: Sample):
    with chemistry.quiet():
        prints = [AllChem.GetMorganFingerprintAsBitVect(Chem.MolFromSmiles(s), 2, 1024) for s in by_hand(mixed)]
    expected = 1 - np.mean([DataStructs.BulkTanimotoSimilarity(p, prints) for p in prints])
    assert metrics.Diversity()(evaluation(mixed, qm9))["internal-diversity"] == pytest.approx(expected, abs=1e-6)


def test_distances_of_properties_are_moses_s(qm9: QM9, mixed: Sample, monkeypatch: pytest.MonkeyPatch):
    few = qm9.smiles("reference")[:150]
    monkeypatch.setattr(QM9, "smiles", lambda self, split: few)
    found = metrics.PropertyScores()(evaluation(mixed, qm9))
    with chemistry.quiet():
        every = by_hand(mixed)
    for name, of in (("logp", Crippen.MolLogP), ("qed", Descriptors.qed)):
        a, b = (np.array([of(Chem.MolFromSmiles(s)) for s in part]) for part in (every, qm9.smiles("reference")))
        # W₁ on the line is the area between the distribution functions.
        at = np.sort(np.concatenate([a, b]))
        cdf = [np.searchsorted(np.sort(part), at[:-1], side="right") / len(part) for part in (a, b)]
        assert found[f"{name}-distance"] == pytest.approx(
            float((np.abs(cdf[0] - cdf[1]) * np.diff(at)).sum()), abs=1e-6
        )
        unique = [of(Chem.MolFromSmiles(s)) for s in set(every)]
        assert found[name] == pytest.approx(np.mean(unique), abs=1e-6)
    assert 1 <= found["sa"] <= 10


def test_fcd_is_a_frechet_distance_of_chemnet_s_activations(qm9: QM9, mixed: Sample, monkeypatch: pytest.MonkeyPatch):
    from scipy.linalg import sqrtm

    few = qm9.smiles("reference")[:60]
    monkeypatch.setattr(QM9, "smiles", lambda self, split: few)
    found = metrics.ChemNet()(evaluation(mixed, qm9))["fcd"]
    import fcd_torch.utils as parts

    def activations(smiles: list[str]) -> np.ndarray:
        x = np.stack([parts.get_one_hot(s, 350) for s in smiles]) / 35  # symbols, as fcd_torch has it
        with torch.no_grad():
            return metrics.chemnet().model(torch.from_numpy(x).transpose(1, 2).float()).double().numpy()

    with chemistry.quiet():
        a, b = activations(few), activations(by_hand(mixed))
    ca, cb = np.cov(a.T), np.cov(b.T)
    half = sqrtm(ca)  # of a symmetric matrix, where sqrtm is exact even of singular ones: 60 molecules, 512 numbers
    root = sqrtm(half @ cb @ half)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * np.real(root))
    assert found == pytest.approx(expected, rel=1e-6)


def test_without_a_valid_sample_what_has_no_answer_is_nan(qm9: QM9):
    bonds, atoms = torch.zeros(5, 9, 9, 4), torch.zeros(5, 9, 5)
    bonds[..., 0], atoms[..., 0] = 1, 1
    e = evaluation((bonds, atoms), qm9)
    found = metrics.Validity()(e)
    assert found["validity"] == found["valid-unique-novel"] == 0
    assert math.isnan(found["uniqueness"]) and math.isnan(found["novelty"])  # shares of nothing
    for metric in (metrics.Diversity(), metrics.PropertyScores(), metrics.ChemNet()):
        assert all(math.isnan(value) for value in metric(e).values())
    assert Molecule().features((bonds, atoms)).isfinite().all()
