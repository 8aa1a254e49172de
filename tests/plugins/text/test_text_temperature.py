"""The temperature of what a run deploys is that of its step, also in an average of the weights."""

from pathlib import Path
from typing import Any

import pytest
import torch

from detente import load_exported, plugins, recipe
from detente.training.build import build
from detente.training.export import export_run
from detente.training.run_folder import Run
from detente.training.trainer import Trainer

TINY = ["steps=4", "evaluate_every=2", "checkpoint_every=4", "batch=4", "samples=8", "metrics=[uniqueness]"]
MODEL = ["model.width=4", "model.latent_dim=2", "model.warm_up_steps=0", "model.sampling=soft", "model.coldest=0.0625"]
MODELS = {
    "relgan": (["model.embedding=4", "model.maps=2"], "choice"),
    "transformer": (["model.layers=1", "model.heads=1"], "choice"),
    "latent": (["model.embedding=4", "model.code=2"], "decoder.choice"),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("reg", ["g:ema", "none", "g:ema(half_life=1000)"])
def test_the_deployed_generator_has_the_temperature_of_its_step(tmp_path: Path, name: str, reg: str) -> None:
    options, where = MODELS[name]
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(f"a b {chr(99 + i % 20)} {chr(99 + i // 20)}" for i in range(200)))
    data = [f"data.path={file}", "data.length=4"]
    given = {"model": name, "data": "lines"}
    host = plugins.host()
    resolved = recipe.load(None, "text", [*TINY, *MODEL, *options, *data], [reg], given, host)
    run = Run.create(tmp_path / "run", resolved.to_yaml(), {})
    trainer = Trainer(build(resolved, host), run, host)
    trainer.restore()

    def temperature() -> Any:
        return trainer.built.deployed(trainer.step).get_submodule(where).temperature

    assert temperature() == 1.0
    trainer.step = 2
    assert temperature() == pytest.approx(0.25)  # .0625 to the power of half
    trainer.step = 0
    if name == "relgan" and reg == "g:ema":  # one whole run is enough
        trainer.train()
        assert temperature() == 0.0625
        export_run(trainer, tmp_path / "export")
        exported = load_exported(tmp_path / "export", host)
        assert exported.generator.get_submodule(where).temperature == 0.0625
        again = Trainer(build(resolved, host), run, host)
        again.restore()
        a, b = trainer.generate(8), again.generate(8)
        assert isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and torch.equal(a, b)
