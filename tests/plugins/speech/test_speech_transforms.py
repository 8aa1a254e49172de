"""From waveforms to log-mels and back, against scipy and by formula."""

import importlib.util
import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.signal
import torch

from detente import UsageError
from detente_speech import transforms
from voices import waves


def by_hand(x: np.ndarray, rate: int) -> np.ndarray:
    """Log-mels [M, 64] of a waveform [L] by scipy's Fourier transform and filters written from HTK's formula."""
    n, step, bands = 32 * rate // 1000, 8 * rate // 1000, rate // 200
    padded = np.pad(x, n // 2, mode="reflect")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    _, _, spectrum = scipy.signal.stft(
        padded, nperseg=n, noverlap=n - step, window=hann, boundary=None, padded=False, scaling="spectrum"
    )
    magnitude = np.abs(spectrum) * hann.sum()  # scipy divides by the sum of the window
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bands + 2) / 2595) - 1)
    hertz = np.linspace(0, rate / 2, n // 2 + 1)
    filters = [
        np.clip(np.minimum((hertz - a) / (b - a), (c - hertz) / (c - b)), 0, None)
        for a, b, c in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    return (np.log(np.maximum(np.stack(filters) @ magnitude, np.exp(-8))) + 2)[:, :64] / 6


@pytest.mark.parametrize("rate", [8000, 16000])
def test_log_mels_are_those_of_scipy_and_of_the_formula(rate):
    x = waves(2, rate).double()
    for wave, found in zip(x[:, 0].numpy(), transforms.log_mel(x)[:, 0].numpy(), strict=True):
        # torchaudio makes its filters in float32.
        assert np.abs(found - by_hand(wave, rate)).max() < 1e-5
    assert np.abs((transforms.log_mel(x.float()) - transforms.log_mel(x)).numpy()).max() < 1e-4  # near-silent bins


@pytest.mark.parametrize(("rate", "hertz"), [(8000, 440), (8000, 3000), (16000, 1000), (16000, 6000)])
def test_a_sine_peaks_in_the_band_that_holds_its_frequency(rate, hertz):
    t = torch.arange(transforms.length(rate)) / rate
    found = transforms.log_mel(0.5 * torch.sin(2 * torch.pi * hertz * t)[None, None])[0, 0, :, 32]
    centres = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), rate // 200 + 2)[1:-1]
    expected = np.abs(centres - 2595 * np.log10(1 + hertz / 700)).argmin()
    assert found.argmax() == expected


def test_the_scale_of_log_mels_is_undone_and_silence_is_its_floor():
    mel = torch.tensor([1e-3, 0.1, 1.0, 20.0])
    assert torch.allclose(transforms.magnitudes(transforms.scaled(mel)), mel - math.exp(-8), atol=1e-5)
    assert torch.equal(transforms.scaled(torch.zeros(1)), torch.tensor([-1.0]))
    assert torch.equal(transforms.magnitudes(torch.tensor([-1.0])), torch.zeros(1))


@pytest.mark.parametrize("rate", [8000, 16000])
def test_griffin_lim_comes_near_and_draws_from_its_seed_alone(rate):
    x = waves(2, rate)
    mel = transforms.log_mel(x)
    before = torch.random.get_rng_state()
    y = transforms.griffin_lim(mel, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert y.shape == x.shape
    assert torch.equal(y, transforms.griffin_lim(mel, seed=3))
    assert (transforms.log_mel(y) - mel).abs().mean() < 0.15 * (mel - mel.mean()).abs().mean()


def test_other_shapes_have_no_rate():
    with pytest.raises(UsageError, match="shape"):
        transforms.rate_of(torch.zeros(2, 1, 5000))
    with pytest.raises(UsageError, match="log-mels"):
        transforms.is_waveform(torch.zeros(2, 7))
    assert transforms.rate_of(torch.zeros(1, 1, 80, 64)) == 16000


@pytest.mark.slow
def test_torchaudio_and_transformers_work_in_either_order():
    parts = {
        "torchaudio": "from detente_speech.transforms import log_mel; import torch; log_mel(torch.zeros(1, 1, 4096))",
        "transformers": "from detente.compat import transformers as t; t().GPT2LMHeadModel",
    }
    for order in (["torchaudio", "transformers"], ["transformers", "torchaudio"]):
        if importlib.util.find_spec("transformers") is None:
            order = ["torchaudio"]
        code = "\n".join(parts[name] for name in order)
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)
