"""Classes of a property: where it is cut, what is said of it, and which files and properties cannot be."""

from pathlib import Path

import numpy as np
import pytest
import torch

from detente import DetenteError, UsageError
from detente_molecule.classes import COMPUTED
from detente_molecule.data import QM9, Smiles
from molecules import recipe_of

MOLECULES = [f"{'C' * i}O{'C' * j}" for i in range(1, 13) for j in range(i, 13)]


def table(folder: Path, values: list[object], name: str = "pIC50") -> str:
    rows = "".join(f"{one},{value}\n" for one, value in zip(MOLECULES, values, strict=False))
    (folder / "mine.csv").write_text(f"smiles,{name}\n{rows}")
    return str(folder / "mine.csv")


def test_properties_of_aspirin_are_those_that_rdkit_s_documentation_and_tables_give():
    found = {name: of("CC(=O)Oc1ccccc1C(=O)O") for name, of in COMPUTED.items()}
    assert [round(found[name], 2) for name in ("qed", "logp", "tpsa", "weight", "rings")] == [
        *(0.55, 1.31, 63.6, 180.16, 1),
    ]
    assert 1 < found["sa"] < 2.5


def test_molecules_of_qm9_are_labelled_by_what_rdkit_computes_and_are_the_same_molecules(few: QM9):
    of = QM9(size=300, condition="logp", bins=4)
    assert of.space.classes == 4 and of.space.leaves == few.space.leaves and of.cut is not None
    assert of.smiles("train") == few.smiles("train") and few.labels is None and few.space.classes is None
    assert of.labels is not None and of.labels.bincount().tolist() == [75] * 4
    values = np.array([COMPUTED["logp"](smiles) for smiles in of.smiles("train")])
    assert of.labels.tolist() == of.cut.classes(values).tolist()
    held_out, labels = [COMPUTED["logp"](smiles) for smiles in of.smiles("held_out")[:50]], of.real_labels(50)
    assert labels is not None and labels.tolist() == of.cut.classes(np.array(held_out)).tolist()
    said = f"Classes of logp: {of.cut.said()}; 75, 75, 75, 75 molecules to train on."
    assert of.notes == (said,) and of.cut.said() in of.description and of.cut.said() not in QM9.description
    batch = of.batch(torch.tensor([7, 3]))
    assert batch.labels is not None and batch.labels.tolist() == of.labels[[7, 3]].tolist()


def test_a_set_is_another_one_in_other_classes(few: QM9):
    sets = [few, *(QM9(size=300, condition=name, bins=n) for name, n in (("logp", 3), ("logp", 4), ("weight", 3)))]
    assert len({of.identity for of in sets}) == 4
    assert few.identity == QM9(size=300, bins=5).identity, "nothing is cut"


def test_a_column_of_the_file_makes_classes_and_a_note_says_that_they_are_not_measured(tmp_path: Path):
    values = [len(one) / 10 for one in MOLECULES]
    path = table(tmp_path, [*values, 99], "pIC50")
    (tmp_path / "again.csv").write_text(Path(path).read_text() + "COC,77\n")  # the first number of a molecule counts
    for of in (Smiles(path, condition="pic50"), Smiles(path, condition="2"), Smiles(str(tmp_path / "again.csv"))):
        assert len(of) == 64
    of = Smiles(str(tmp_path / "again.csv"), condition="pIC50")
    known = dict(zip(MOLECULES, values, strict=True))
    train = [known.get(one, known.get(one[::-1])) for one in of.smiles("train")]
    assert of.cut is not None and of.cut.limits[1] < 3 and of.labels is not None
    assert of.labels.tolist() == of.cut.classes(np.array(train)).tolist()
    assert of.cut.name not in COMPUTED
    assert of.notes[-1].endswith("RDKit does not compute pIC50, so class-accuracy is not measured.")
    assert Smiles(path, condition="weight").cut != of.cut


@pytest.mark.parametrize("cell", ["", "nan", "inf", ">10", "1,5"])
def test_a_line_without_a_number_is_named_before_anything_is_trained(tmp_path: Path, cell: str):
    path = table(tmp_path, [1.5, f'"{cell}"', *range(60)])
    with pytest.raises(UsageError) as caught:
        Smiles(path, condition="pIC50")
    assert f"column 'pIC50' of mine.csv has no finite number in 1 of 62 lines (line 3: {cell!r})" in str(caught.value)


def test_an_unknown_property_is_refused_with_those_that_are_known(tmp_path: Path):
    path = table(tmp_path, list(range(60)))
    with pytest.raises(UsageError, match=r"no column 'logd'; its columns are smiles, pIC50.*qed, logp, sa, tpsa"):
        Smiles(path, condition="logd")
    with pytest.raises(UsageError, match=r"condition='logd' should be one of qed, logp"):
        QM9(size=300, condition="logd")  # type: ignore[arg-type]
    with pytest.raises(DetenteError, match=r"data\.condition: should be 'qed', .* but is 'logd'"):
        recipe_of(**{"data.condition": "logd"})
    with pytest.raises(UsageError, match=r"all molecules to train on have the"):
        Smiles(path, condition="rings")
    with pytest.raises(UsageError, match=r"bins=6 should be"):
        QM9(bins=6)
