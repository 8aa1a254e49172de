"""The domain of molecules: its features, its baseline, its noise and its drawings."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from detente.domains.metrics import frechet_distance
from detente_molecule.data import QM9
from detente_molecule.domain import Molecule
from detente_molecule.networks import MolGAN
from seeded import seeded


def test_features_order_real_random_and_untrained_graphs_and_see_every_sample(qm9: QM9):

    domain = Molecule()
    reference = domain.reference_features(qm9)
    assert reference.shape == (1000, 64)
    torch.manual_seed(0)
    with torch.no_grad():
        untrained = MolGAN().build(qm9.space).generator(torch.randn(500, 32, generator=seeded()))
    rows = (tuple(leaf[:500] for leaf in qm9.held_out()), domain.baseline(qm9, 500, seeded()), untrained)
    real, random, floor = (frechet_distance(domain.features(x).double(), reference) for x in rows)
    assert 0 < real < random / 2 < floor / 2
    few = domain.features(tuple(leaf[:7] for leaf in rows[1]))
    assert torch.allclose(domain.features(rows[1])[:7], few, atol=1e-12)  # sums of other shapes round otherwise


def test_the_baseline_has_the_frequencies_of_the_data_and_nothing_else(qm9: QM9):
    x = Molecule().baseline(qm9, 4000, seeded())
    bonds, atoms = x
    real_bonds, real_atoms = qm9.batch(torch.arange(500)).x
    assert torch.equal(bonds, bonds.transpose(1, 2))
    assert (bonds.sum(-1) == 1).all() and (atoms.sum(-1) == 1).all()
    # Five standard errors of a share among 4,000.
    assert (bonds.mean(0) - real_bonds.mean(0)).abs().max() < 5 * 0.5 / 4000**0.5
    assert (atoms.mean(0) - real_atoms.mean(0)).abs().max() < 5 * 0.5 / 4000**0.5
    a, b = atoms[:, 0, 1], bonds[:, 0, 1, 1]
    assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1]) < 5 / 4000**0.5, "independent"


def test_noise_is_standard_normal_and_symmetric():
    x = torch.zeros(500, 6, 6, 4, dtype=torch.float64), torch.zeros(500, 6, 5, dtype=torch.float64)
    bonds, atoms = Molecule().noise_like(x, seeded())
    assert torch.equal(bonds, bonds.transpose(1, 2))
    for leaf in (bonds, atoms):
        assert leaf.mean() == pytest.approx(0, abs=0.02)
        assert leaf.std() == pytest.approx(1, abs=0.02)
    assert bonds.diagonal(dim1=1, dim2=2).std() == pytest.approx(1, abs=0.03)
    assert bonds.dtype == torch.float64


@pytest.mark.parametrize("n", [1, 9, 20])
def test_a_preview_is_a_self_contained_drawing(tmp_path: Path, qm9: QM9, n: int):
    bonds, atoms = (leaf[:n].clone() for leaf in qm9.held_out())
    atoms[-1] = 0  # all types alike: the first, none, is the likeliest
    Molecule().preview((bonds, atoms), tmp_path / "grid.svg")
    text = (tmp_path / "grid.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    assert root.get("width") == f"{150 * min(8, n)}px"
    assert root.get("height") == f"{150 * -(-n // 8)}px"
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "rect", "path", "ellipse", "polygon", "text", "tspan", "g", "style"}, (
        "nothing that runs or loads"
    )
    assert "href" not in text and "url(" not in text
    assert text.count(">not valid<") == 1
    assert n == 1 or "<path" in text
