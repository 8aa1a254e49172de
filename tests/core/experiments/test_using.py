"""`detente.load`: one function for a run, an export and a study."""

import shutil
from pathlib import Path

import pytest
import torch

import detente
from detente.errors import UsageError
from detente.training.export import export_run
from observers import train
from pages import write_study

pytestmark = pytest.mark.usefixtures("module_cache")


def test_a_run_its_export_and_a_study_of_it_give_the_same_samples(tmp_path: Path):
    trainer = train(tmp_path / "run", domain="ring", sets=["metrics=[modes]"])
    export_run(trainer, tmp_path / "model")
    cell = write_study(tmp_path / "study", ("r1",), ("ring",), (0,)).cells[0]
    shutil.copytree(tmp_path / "run", cell.folder)
    samples = [detente.load(tmp_path / name).sample(7, seed=3) for name in ("run", "model", "study")]
    assert torch.equal(samples[0].tensors, samples[1].tensors) and torch.equal(samples[0].tensors, samples[2].tensors)
    assert detente.load(str(tmp_path / "study"), arm="r1").folder == cell.folder


@pytest.mark.parametrize(
    ("make", "given", "why"),
    [
        ([], {}, "not the folder of a run, a study or a search"),
        (["recipe.yaml"], {}, "not the folder of a run"),
        (["model.json", "recipe.yaml"], {"arm": "r1"}, "not a study folder"),
    ],
)
def test_other_folders_are_refused(tmp_path: Path, make: list[str], given: dict[str, str], why: str):
    for name in make:
        (tmp_path / name).write_text("{}")
    with pytest.raises(UsageError, match=why):
        detente.load(tmp_path, **given)
