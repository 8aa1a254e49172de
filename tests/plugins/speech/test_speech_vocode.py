"""Recordings of any length through a vocoder, and samples of speech as files."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import detente
from detente.cli import main
from detente_speech.vocode import vocoded
from voices import spoken, write_folder

TINY = ("name=vocoder", "width=8", "blocks=1", "critic_width=2", "rate=8000", "latent_dim=4")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vocoder of one step whose recordings are gone."""
    folder = tmp_path_factory.mktemp("vocode")
    (folder / "voices").mkdir()
    write_folder(folder / "voices")
    sets = ["data.name=folder", f"data.path={folder / 'voices'}", "samples=4", "metrics=[frechet]"]
    sets += [f"model.{one}" for one in TINY]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(folder / "cache"))
        words = [part for one in sets for part in ("--set", one)]
        assert (
            main(["train", "speech", *words, "--steps", "1", "--batch", "2", "--folder", str(folder / "r"), "-q"]) == 0
        )
    (folder / "voices").rename(folder / "away")
    return folder / "r"


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "seconds"), [(16000, 0.3), (22050, 1.7), (8000, 0.01), (48000, 3.0)])
def test_a_recording_of_any_rate_and_length_comes_back_as_long(run: Path, tmp_path: Path, rate: int, seconds: float):
    n = round(rate * seconds)
    soundfile.write(tmp_path / "a.wav", np.resize(spoken(1.0, 3), n), rate)
    assert main(["vocode", str(run), str(tmp_path / "a.wav"), "--out", str(tmp_path / "new")]) == 0
    made, at = soundfile.read(tmp_path / "new" / "a-vocoded.wav")
    assert at == 8000 and 0 <= len(made) / at - seconds < max(0.008, 0.033 - seconds) + 1e-3


def test_the_sound_is_what_the_network_makes_of_the_log_mel(run: Path):
    g = detente.load(run)
    wave = torch.from_numpy(spoken(0.512, 1)).float()[::2] / 32768  # 4,096 samples
    made, again, other = (vocoded(g, wave, seed) for seed in (0, 0, 1))
    assert made.shape == wave.shape and torch.equal(made, again) and not torch.equal(made, other)


@pytest.mark.parametrize("content", [b"", b"RIFF?", None])
def test_what_is_no_recording_is_refused_by_name(run: Path, tmp_path: Path, capsys, content: bytes | None):
    if content is not None:
        (tmp_path / "odd.wav").write_bytes(content)
    assert main(["vocode", str(run), str(tmp_path / "odd.wav")]) == 2
    assert "odd.wav" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a", "it's 1", "\x1b[2Jred", "\u202egpm", os.fsdecode(b"caf\xe9"), "tab\there", "-n"])
def test_names_of_recordings_may_be_anything_and_are_shown_without_their_effect(run, tmp_path, capsys, name: str):
    with (tmp_path / f"{name}.wav").open("wb") as file:
        soundfile.write(file, spoken(0.3, 3), 16000, format="WAV")
    assert main(["vocode", str(run), str(tmp_path / f"{name}.wav")]) == 0
    said = capsys.readouterr().out.rstrip("\n")
    assert said.isprintable() and "-vocoded.wav  0." in said
    assert (tmp_path / f"{name}-vocoded.wav").stat().st_size > 4000


def test_a_sound_takes_the_place_of_a_link_not_of_its_target_and_of_no_pipe(run: Path, tmp_path: Path, capsys):
    (tmp_path / "thesis").write_text("years of work")
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", spoken(0.3, 3), 16000)
    (tmp_path / "a-vocoded.wav").symlink_to("thesis")
    os.mkfifo(tmp_path / "b-vocoded.wav")
    assert main(["vocode", str(run), str(tmp_path / "a.wav")]) == 0
    assert (tmp_path / "thesis").read_text() == "years of work"
    assert main(["vocode", str(run), str(tmp_path / "b.wav")]) == 2
    assert "b-vocoded.wav: is a named pipe" in capsys.readouterr().err


def test_two_recordings_of_one_name_do_not_overwrite_each_other(run: Path, tmp_path: Path, capsys):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "a.wav", spoken(0.3, 3), 16000)
    words = ["vocode", str(run), *(str(tmp_path / folder / "a.wav") for folder in "xy")]
    assert main([*words, "--out", str(tmp_path / "new")]) == 2
    assert "two recordings would be written there" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_samples_without_recordings_say_what_to_use_instead(run: Path, tmp_path: Path, capsys):
    assert main(["sample", str(run), "-n", "2"]) in (2, 3)
    assert f"detente vocode {run} speech.wav" in capsys.readouterr().err
    assert main(["export", str(run), "--out", str(tmp_path / "model")]) == 0
    assert main(["sample", str(tmp_path / "model"), "-n", "2"]) == 2
    card = (tmp_path / "model" / "README.md").read_text()
    assert "detente vocode . speech.wav" in card and "torch.zeros(4, 1, 40, 64)" in card
    samples = detente.load(tmp_path / "model").sample(3, labels=torch.zeros(3, 1, 40, 64))
    assert samples.rate == 8000 and [len(one) for one in samples.audio] == [4096] * 3
    files = samples.save(tmp_path / "sounds")
    assert [file.name for file in files] == ["00001.wav", "00002.wav", "00003.wav"]
    written, rate = soundfile.read(files[1], dtype="float32")
    assert rate == 8000 and np.abs(written - samples.audio[1]).max() <= 1 / 32768
