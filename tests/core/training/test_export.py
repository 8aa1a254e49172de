"""A generator on its own: what is written, that it loads again, and what is refused."""

import json
from pathlib import Path

import pytest
import torch

from detente.errors import UsageError
from detente.training.export import EXPORT_FORMAT, export_run, load_exported
from observers import train

pytestmark = pytest.mark.usefixtures("module_cache")


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    export_run(train(tmp_path / "run"), tmp_path / "model")
    return tmp_path / "model"


def test_samples_depend_on_the_seed_alone(exported: Path) -> None:
    a, b = load_exported(exported), load_exported(str(exported))
    first, again = a.sample(5, seed=1), b.sample(5, seed=1)
    assert isinstance(first, torch.Tensor) and isinstance(again, torch.Tensor)
    assert first.shape == (5, 1)
    assert torch.equal(first, again)
    assert a.description["step"] == 40


def test_a_folder_without_an_export_and_one_of_another_format_are_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not an export folder \(no model.json\)"):
        load_exported(tmp_path)
    said = json.loads((exported / "model.json").read_text())
    (exported / "model.json").write_text(json.dumps(said | {"format": 99}))
    with pytest.raises(UsageError, match=f"has format 99, this version reads {EXPORT_FORMAT}"):
        load_exported(exported)


def test_an_entry_that_is_missing_makes_it_corrupt(exported: Path) -> None:
    said = json.loads((exported / "model.json").read_text())
    del said["space"]
    (exported / "model.json").write_text(json.dumps(said))
    with pytest.raises(UsageError, match=r"model\.json: space: is missing; export the run again"):
        load_exported(exported)


@pytest.mark.parametrize("name", ["README.md", "recipe.yaml"])
def test_files_of_somebody_elses_are_not_replaced_and_those_of_an_export_are(
    exported: Path, tmp_path: Path, name: str
) -> None:
    trainer = train(tmp_path / "again")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("my notes")
    with pytest.raises(UsageError, match=f"mine: has a {name} that is of no export; name another folder"):
        export_run(trainer, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [name]
    assert (tmp_path / "mine" / name).read_text() == "my notes"
    for lost in ("model.json", "generator.safetensors"):
        (exported / lost).unlink()
        export_run(trainer, exported)
        assert load_exported(exported).description["step"] == 40
