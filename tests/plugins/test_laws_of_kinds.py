"""The laws of kinds of data on the four that come along: small networks, real data where they are packed."""

from pathlib import Path

import pytest
import soundfile

from detente.testing import check_domain, kind
from voices import clips

SETS = {
    "image": ["data=digits", "model=dcgan", "model.width=4", "model.latent_dim=8"],
    "molecule": ["data=qm9", "data.size=800", "model=molgan", "model.width=8", "model.latent_dim=4"],
    "text": ["data=bible-bbe", "model=relgan", "model.width=8", "model.embedding=8", "model.maps=4"],
    "speech": ["data=folder", "model=specgan", "model.width=4", "model.latent_dim=8"],
}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for name, sound, voice in clips(60):
        folder = tmp_path / ("low", "high")[voice]
        folder.mkdir(exist_ok=True)
        soundfile.write(folder / f"{name}.wav", sound, 16000)
    return tmp_path


@pytest.mark.acceptance
@pytest.mark.parametrize("name", SETS)
def test_every_kind_of_data_that_comes_along_keeps_every_law(name: str, recordings: Path) -> None:
    more = {"text": ["model.warm_up_steps=3"], "speech": [f"data.path={recordings}"]}.get(name, [])
    report = check_domain(kind(name, sets=[*SETS[name], *more])).require()
    assert {v.law for v in report.verdicts if v.outcome == "skipped"} <= {"labels_fit_the_samples"}


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["image", "text"])
def test_every_law_holds_of_emoji_in_groups_and_of_sentences_by_length(name: str) -> None:
    sets = {
        "image": ["data=emoji", "data.size=16", "model=dcgan", "model.width=4", "model.latent_dim=8"],
        # Soft words: of whole ones, labels change hardly one while so narrow a network is as good as untrained.
        "text": [*SETS["text"], "data.condition=length", "model.warm_up_steps=3", "model.sampling=soft"],
    }
    report = check_domain(kind(name, sets=[*sets[name], "model.conditional=true"])).require()
    assert not {v.law for v in report.verdicts if v.outcome == "skipped"}, report
