"""The generator of a run without its data: the same as the one that trained."""

import shutil
from pathlib import Path

import pytest
import torch

from detente.engine.streams import Stream
from detente.errors import UsageError
from detente.toys.linear import DiracData
from detente.training.trained import of_run
from observers import train

pytestmark = pytest.mark.usefixtures("module_cache")


@pytest.mark.parametrize("domain", ["dirac", "pair", "tokens"])
def test_it_is_what_the_run_deploys(tmp_path: Path, domain: str):
    trainer = train(tmp_path / "run", domain=domain)
    rng = Stream(5).at("sample")
    expected, (found, recipe) = trainer.generate(6, rng), of_run(tmp_path / "run")
    drawn = found.draw(6, rng)
    pairs = zip(*(x if isinstance(x, tuple) else (x,) for x in (expected, drawn)), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert recipe == trainer.built.recipe
    assert found.description["scores"] == trainer.view.scores and found.description["samples"] == 50


def test_no_data_are_asked_but_by_a_run_that_has_not_kept_their_shape(tmp_path: Path, monkeypatch):
    train(tmp_path / "run")
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")

    def gone(self, *args, **options) -> None:
        raise UsageError("they are gone")

    with monkeypatch.context() as patch:
        patch.setattr(DiracData, "__init__", gone)
        assert of_run(tmp_path / "elsewhere")[0].description["step"] == 40
        (tmp_path / "elsewhere" / "generator.json").unlink()
        with pytest.raises(UsageError, match="they are gone"):
            of_run(tmp_path / "elsewhere")
    assert of_run(tmp_path / "elsewhere")[0].space.leaves[0].shape == (1,)


def test_a_checkpoint_of_other_networks_is_refused(tmp_path: Path):
    train(tmp_path / "run")
    train(tmp_path / "other", domain="pair")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    shutil.copytree(tmp_path / "other" / "checkpoints", tmp_path / "run" / "checkpoints")
    with pytest.raises(UsageError, match="in this checkpoint but"):
        of_run(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    with pytest.raises(UsageError, match="no checkpoint yet"):
        of_run(tmp_path / "run")
