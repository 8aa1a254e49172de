"""Fewer recordings than a split needs: everything trains, and measures that need real ones are left out."""

import numpy as np
import pytest
import soundfile
import torch

from detente import cli
from detente_speech.transforms import log_mel, resampled


@pytest.mark.slow
@pytest.mark.parametrize("model", ["vocoder", "specgan", "wavegan"])
def test_eight_recordings_train_either_model(tmp_path, monkeypatch, model) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "own").mkdir()
    for i in range(8):
        noise = 0.1 * np.random.default_rng(i).standard_normal(16_000)
        soundfile.write(tmp_path / "own" / f"{i}.wav", noise, 16_000)
    words = ["train", "speech", "--model", model, "--data", str(tmp_path / "own"), "--steps", "2", "--batch", "2", "-q"]
    assert cli.main([*words, "--set", "samples=4", "--folder", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize(("rate", "to"), [(16_000, 8_000), (8_000, 16_000), (8_000, 8_000)])
def test_no_recording_at_all_keeps_its_shape_at_another_rate_and_as_log_mels(rate: int, to: int) -> None:
    none = resampled(torch.zeros(0, 1, round(0.512 * rate)), rate, to)
    assert none.shape == (0, 1, round(0.512 * to))
    assert log_mel(none, to).shape[:2] == (0, 1) and log_mel(none, to).shape[3] == 64
