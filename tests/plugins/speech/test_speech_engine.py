"""The engine on voices: every regularizer by recipe, and what a vocoder adds to the game."""

import json
import math

import pytest
import torch

from detente import PluginError, UsageError, recipe
from detente.cli import main
from detente.plugins import host
from voices import Synthetic, write_folder

TINY = {
    "specgan": ["model.name=specgan", "model.width=2", "model.latent_dim=4"],
    "vocoder": [
        "model.name=vocoder",
        *("model.width=8", "model.blocks=1", "model.critic_width=2", "model.rate=8000", "model.latent_dim=4"),
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield write_folder(tmp_path_factory.mktemp("voices"))


def load(folder, model: str, *regs: str, **sets: object) -> recipe.Recipe:
    given = [f"{key}={value}" for key, value in sets.items()]
    return recipe.load(
        domain="speech", sets=["data.name=folder", f"data.path={folder}", "batch=3", *TINY[model], *given], regs=regs
    )


def play(built: recipe.Built, steps: int) -> dict[str, float]:
    for k in range(steps):
        built.game.step(built.prepare(built.data.batch(torch.arange(3) + 3 * k)))
    return {name: value.item() for name, value in built.game.terms().items()}


@pytest.mark.slow
def test_every_regularizer_trains_either_model(folder):
    for model in TINY:
        for name in (e.name for e in host().entries("regularizer")):
            if name == "packing":  # of a batch of 3; the vocoder's critics take the log-mels as labels
                continue
            terms = play(recipe.build(load(folder, model, name)), 2)
            assert all(map(math.isfinite, terms.values())), (model, name, terms)


def test_packs_are_of_samples_without_a_condition(folder):
    assert math.isfinite(play(recipe.build(load(folder, "specgan", "packing(m=3)")), 2)["D/adversarial"])
    with pytest.raises(UsageError, match="packing: the critic takes labels"):
        recipe.build(load(folder, "vocoder", "packing(m=3)"))


@pytest.mark.parametrize("model", TINY)
@pytest.mark.parametrize("regs", ["d:batch-norm+r1", "d:batch-norm+gradient-penalty", "d:spectral-norm+weight-norm"])
def test_ill_posed_combinations_are_refused(folder, model, regs):
    with pytest.raises(UsageError, match=r"discriminator\.(regularizers|down|critics)"):
        recipe.build(load(folder, model, regs))


def gradients(folder, **weights: float) -> dict[str, torch.Tensor]:
    built = recipe.build(load(folder, "vocoder", **{f"model.{key}": value for key, value in weights.items()}))
    play(built, 1)
    G = built.game.generator.network
    return {name: p.grad.clone() for name, p in G.named_parameters() if p.grad is not None}


def test_each_auxiliary_term_of_the_vocoder_changes_the_gradient(folder):
    none = gradients(folder, mel_weight=0.0, feature_weight=0.0)
    for term in ({"mel_weight": 1.0, "feature_weight": 0.0}, {"mel_weight": 0.0, "feature_weight": 1.0}):
        with_it = gradients(folder, **term)
        for name, grad in none.items():
            assert (grad - with_it[name]).norm() > 1e-6 * grad.norm(), (term, name)
    terms = play(recipe.build(load(folder, "vocoder")), 1)
    assert terms["G/mel"] > 0 and terms["G/features"] > 0
    assert (
        not {"G/mel", "G/features"}
        & play(recipe.build(load(folder, "vocoder", **{"model.mel_weight": 0, "model.feature_weight": 0})), 1).keys()
    )


def test_the_vocoders_log_mel_term_falls(folder):
    built = recipe.build(load(folder, "vocoder"))
    first = play(built, 1)["G/mel"]
    assert play(built, 15)["G/mel"] < 0.9 * first


@pytest.mark.slow
def test_a_run_from_a_folder_keeps_its_notes_and_its_previews(folder, tmp_path, capsys):
    run = tmp_path / "run"
    sets = [f"data.path={folder}", "evaluate_every=2", "samples=4", "log_every=1", *TINY["vocoder"][1:]]
    options = [part for each in sets for part in ("--set", each)]
    train = ["train", "speech", "--data", "folder", "--model", "vocoder", "--steps", "2", "--batch", "3"]
    assert main([*train, *options, "--folder", str(run), "-q"]) == 0
    said = capsys.readouterr().err
    assert "skipped 1 of 31 files" in said and "broken.wav" in said
    info = json.loads((run / "run.json").read_text())
    assert "broken.wav" in info["data"]["notes"][0] and info["data"]["licence"] == "yours"
    assert info["final"]["scores"]["mel-distance"] > info["references"]["real"]["mel-distance"] == 0
    assert info["references"]["baseline"]["mel-distance"] > 0
    names = {file.name for file in (run / "samples").iterdir()}
    assert {"step-000002.png", "step-000002-1.ogg"} <= names
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "broken.wav" in report and "data:audio/ogg" in report and "data:image/png" in report


def test_data_that_are_missing_end_with_3_and_say_what_else_there_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    monkeypatch.setattr("detente_speech.sources.shutil.which", lambda tool: None)
    assert main(["data", "get", "prompts"]) == PluginError.exit_code == 3
    assert "--data folder" in capsys.readouterr().err
    assert main(["data"]) == 0
    assert "Allison Smith (theivrvoice.com), CC BY-SA 3.0" in capsys.readouterr().out


@pytest.mark.slow
def test_preparing_data_shows_how_far_it_is_unless_it_is_quiet(folder, tmp_path, monkeypatch, capsys):
    import logging

    class Slow(Synthetic):
        def __init__(self) -> None:
            logging.getLogger("detente.progress").info("slow: 1 of 2")
            super().__init__(20)

    monkeypatch.setattr("detente_speech.data.Prompts", Slow)
    assert main(["data", "get", "prompts"]) == 0
    assert "slow: 1 of 2" in capsys.readouterr().err
    train = ["train", "speech", "--steps", "1", "--batch", "2", "--set", "samples=2", "--set", "model.width=2"]
    assert main([*train, "--folder", str(tmp_path / "run"), "-q"]) == 0
    assert "slow" not in capsys.readouterr().err


def test_the_vocoder_brings_settings_of_its_own_over_those_of_the_domain():
    vocoder, usual = (recipe.load(domain="speech", flags={"model": name}) for name in ("vocoder", "specgan"))
    assert (vocoder.batch, vocoder.steps) == (8, 2000)
    assert vocoder.evaluate_every == usual.evaluate_every
    assert recipe.load(domain="speech", flags={"model": "vocoder", "batch": 3}).batch == 3
