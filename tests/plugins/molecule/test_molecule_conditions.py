"""Molecules of a class that is asked for: networks, scores, files."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch

import detente
from detente import Cut, Evaluation, UsageError, cli
from detente.training.build import build
from detente.training.warmup import fresh
from detente_molecule.classes import COMPUTED
from detente_molecule.data import QM9
from detente_molecule.domain import Molecule
from detente_molecule.metrics import ClassAccuracy, ClassMeans
from detente_molecule.networks import MolGAN
from molecules import recipe_of
from seeded import seeded

MODEL = MolGAN(width=16, latent_dim=8, rectified=True, comparisons=4, conditional=True)


@pytest.fixture(scope="module")
def classed(few: QM9) -> QM9:
    return QM9(size=300, condition="logp")


@pytest.mark.parametrize("model", [MODEL, MolGAN(width=16, conditional=True)], ids=["rectified", "published"])
def test_what_is_made_and_its_logit_depend_on_the_class(model: MolGAN, classed: QM9):
    made = fresh(model, classed.space, 0)
    z = model.latents(40, seeded())
    made.generator.write.choose.noise = 0.0
    a, b = (made.generator(z, torch.full((40,), c)) for c in (0, 2))
    assert not torch.equal(a[1], b[1])
    logits = [made.discriminator(a, torch.full((40,), c)) for c in (0, 2)]
    assert logits[0].shape == (40,) and not torch.allclose(*logits, atol=1e-4)


def test_a_conditional_network_says_that_it_needs_classes(few: QM9, classed: QM9):
    made = fresh(MODEL, classed.space, 0)
    with pytest.raises(UsageError, match="with a class for each sample"):
        made.generator(MODEL.latents(2, seeded()))
    with pytest.raises(UsageError, match="with a class for each sample"):
        made.discriminator(classed.batch(torch.arange(2)).x)
    for entry in (lambda: MODEL.build(few.space), lambda: MODEL.view(few)):
        with pytest.raises(UsageError, match=r"data\.condition=qed"):
            entry()


def test_without_the_option_networks_are_those_of_before_whatever_the_classes(few: QM9, classed: QM9):
    model = MolGAN(width=16)
    plain, labelled = (fresh(model, of.space, 0) for of in (few, classed))
    for a, b in zip(plain, labelled, strict=True):
        assert not any("beside" in name or "of_class" in name for name in a.state_dict())
        assert a.state_dict().keys() == b.state_dict().keys()
        assert all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())
    assert not model.metrics and not model.conditional
    metrics = recipe_of().metrics, recipe_of(**{"model.conditional": True}).metrics
    assert "class-accuracy" not in metrics[0] and {"class-accuracy", "class-means"} <= set(metrics[1])


def scores(of: QM9, labels: torch.Tensor | None, n: int = 60) -> dict[str, float]:
    e = Evaluation(of.real(n), of, Molecule(), labels=labels)
    return {**ClassAccuracy()(e), **ClassMeans()(e)}


def test_the_class_of_a_real_molecule_is_found_in_all_of_them_and_another_in_none(classed: QM9):
    labels = classed.real_labels(60)
    assert labels is not None
    found = scores(classed, labels)
    assert found["class-accuracy"] == 1 and scores(classed, (labels + 1) % 3)["class-accuracy"] == 0
    values = np.array([COMPUTED["logp"](smiles) for smiles in classed.smiles("held_out")[:60]])
    for k in range(3):
        assert found[f"class-{k}-mean"] == pytest.approx(values[labels.numpy() == k].mean())
    assert found["class-0-mean"] < found["class-1-mean"] < found["class-2-mean"]
    assert math.isnan(found["class-3-mean"]) and math.isnan(found["class-4-mean"])


def test_an_invalid_sample_is_in_no_class_and_counts_for_none(classed: QM9):
    bonds, atoms = (leaf.clone() for leaf in classed.real(10))
    atoms[:4] = torch.eye(5)[0]  # no atom
    labels = classed.real_labels(10).clone()
    labels[4] = (labels[4] + 1) % 3
    e = Evaluation((bonds, atoms), classed, Molecule(), labels=labels)
    assert ClassAccuracy()(e)["class-accuracy"] == pytest.approx(5 / 6)


def test_without_classes_or_what_computes_them_nothing_is_measured(few: QM9, classed: QM9):
    labels = classed.real_labels(60)
    other = QM9(size=300, condition="logp")
    other.cut = Cut("pIC50", (0.0, 1.0))
    for found in (scores(few, labels), scores(classed, None), scores(other, labels)):
        assert all(math.isnan(value) for value in found.values())


@pytest.mark.slow
def test_a_class_is_asked_for_and_its_molecules_come_with_the_property(
    few: QM9, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    small = ["data.size=300", "data.condition=weight", "model.conditional=true", "model.width=8", "batch=8"]
    sets = [part for one in (*small, "metrics=[class-accuracy]", "metric=class-accuracy") for part in ("--set", one)]
    run = tmp_path / "run"
    code = cli.main(["train", "molecule", *sets, "--steps", "2", "--folder", str(run), "-q"])
    assert code == 0, capsys.readouterr().err
    assert "Classes of weight: 0 below" in (run / "report.html").read_text(encoding="utf-8")
    args = ["sample", str(run), "-n", "6", "--label", "1", "--as-drawn", "--out", str(tmp_path / "new")]
    assert cli.main(args) == 0
    with (tmp_path / "new" / "molecules.csv").open() as file:
        assert {"weight", "tpsa", "rings", "logp", "qed", "sa"} <= set(csv.DictReader(file).fieldnames or ())
    assert cli.main(["export", str(run), "--out", str(tmp_path / "export")]) == 0
    one, other = (detente.load(folder) for folder in (run, tmp_path / "export"))
    drawn = [g.sample(6, labels=2, seed=3, usable=False) for g in (one, other)]
    assert all(torch.equal(a, b) for a, b in zip(drawn[0].tensors, drawn[1].tensors, strict=True))
    assert drawn[0].labels.tolist() == [2] * 6
    assert one.sample(6, usable=False).labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert "classes of weight" in (tmp_path / "export" / "README.md").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="3 classes, 0 to 2"):
        one.sample(6, labels=3)


def test_conditions_without_classes_are_refused_before_training():
    with pytest.raises(UsageError, match=r"molecules with classes \(such as those of data\.condition=qed\)"):
        build(recipe_of(**{"model.conditional": True}))
