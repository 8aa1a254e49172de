"""Evaluations of an average: nothing of training knows of it, and whoever samples the run gets it."""

from pathlib import Path

import pytest
import torch

from detente import plugins
from detente.engine.sample import leaves
from detente.errors import UsageError
from detente.recipe import load
from detente.training import checkpoint
from detente.training.build import build
from detente.training.export import export_run, load_exported
from detente.training.run_folder import Run
from detente.training.trained import of_run
from detente.training.trainer import Trainer

SETS = ["batch=8", "samples=50", "evaluate_every=10", "checkpoint_every=10", "data.size=200", "metrics=[frechet]"]
EMA = "evaluate=ema"
pytestmark = pytest.mark.usefixtures("module_cache")


def run(folder: Path, *sets: str, domain: str = "ring", reg: str = "r1", steps: int = 30) -> Trainer:
    """A run that has been trained to its end, from its checkpoint where it has one."""
    host = plugins.host()
    recipe = load(domain=domain, sets=[*SETS, f"steps={steps}", *sets], regs=[reg], host=host)
    trainer = Trainer(build(recipe, host), Run.create(folder, recipe.to_yaml(), {}), host)
    trainer.restore()
    trainer.train()
    return trainer


def game(trainer: Trainer) -> dict:
    """What the next update depends on, from the last checkpoint."""
    return checkpoint.load(checkpoint.checkpoints(trainer.run.checkpoints)[-1])["game"]


def equal(a, b) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


@pytest.mark.slow
@pytest.mark.parametrize(("domain", "reg"), [("ring", "r1"), ("pair", "spectral-norm+g:batch-norm"), ("ring", "g:ema")])
def test_no_number_of_training_changes_and_the_scores_do(tmp_path, domain, reg):
    plain, averaged = (run(tmp_path / str(len(s)), *s, domain=domain, reg=reg) for s in ([], [EMA]))
    assert equal(game(plain), game(averaged))
    terms = [[line["terms"] for line in t.run.lines() if line.get("terms")] for t in (plain, averaged)]
    assert terms[0] == terms[1] != []
    # A generator that deploys an average of its own is evaluated by that.
    assert (plain.view.scores == averaged.view.scores) == (reg == "g:ema")


def test_it_is_what_the_regularizer_ema_would_have_deployed(tmp_path):
    averaged = run(tmp_path / "a", EMA, reg="d:r1")
    regularized = run(tmp_path / "b", reg="d:r1+g:ema")
    assert averaged.view.scores == regularized.view.scores
    assert equal(averaged.deployed().state_dict(), regularized.deployed().state_dict())


def test_a_run_that_was_stopped_goes_on_with_the_same_average(tmp_path):
    whole = run(tmp_path / "whole", EMA, steps=30)
    run(tmp_path / "stopped", EMA, steps=20)
    resumed = run(tmp_path / "stopped", EMA, steps=30)
    assert equal(whole.deployed().state_dict(), resumed.deployed().state_dict())
    assert whole.view.scores == resumed.view.scores


def test_samples_and_exports_are_of_the_average(tmp_path):
    trained = run(tmp_path / "run", EMA)
    export_run(trained, tmp_path / "export")
    expected = trained.deployed().state_dict()
    for found in (of_run(tmp_path / "run")[0], load_exported(tmp_path / "export")):
        assert equal(dict(found.generator.state_dict()), dict(expected))
    own = trained.built.deployed(trained.step).state_dict()
    assert not equal(dict(own), dict(expected))
    assert leaves(trained.generate(5))[0].isfinite().all()


def test_a_run_does_not_change_between_the_two(tmp_path):
    run(tmp_path / "run", steps=20)
    with pytest.raises(UsageError, match="evaluate is absent in this checkpoint but 'ema' in recipe"):
        run(tmp_path / "run", EMA)


def test_recipes_without_it_keep_their_text():
    assert "evaluate:" not in load(domain="ring").to_yaml()
    assert "evaluate: ema" in load(domain="ring", sets=[EMA]).to_yaml()
    with pytest.raises(UsageError, match="evaluate"):
        load(domain="ring", sets=["evaluate=mean"])
