"""Synthetic voices for tests: pulses at a pitch through the resonances of a vowel, syllable by syllable."""

from pathlib import Path

import numpy as np
import soundfile
import torch
from scipy.signal import lfilter
from torch import Tensor

from detente_speech import transforms
from detente_speech.recordings import Recordings
from detente_speech.sources import RATE, Clip

VOWELS = ((700, 1200, 2600), (300, 2300, 3000), (350, 800, 2500), (500, 1900, 2500), (450, 1000, 2400))
"""The first three formants of five vowels, in Hz."""


def spoken(seconds: float, seed: int, pitch: float = 140.0) -> np.ndarray:
    """int16 [n] at 16 kHz."""
    draws = np.random.Generator(np.random.PCG64(seed))
    parts = []
    while sum(map(len, parts)) < seconds * RATE:
        n = int(RATE * draws.uniform(0.12, 0.3))
        glide = pitch * draws.uniform(0.8, 1.25) * np.linspace(1, draws.uniform(0.8, 1.2), n)
        phase = np.cumsum(glide / RATE)
        sound = np.diff(np.floor(phase), prepend=0) + 0.01 * draws.standard_normal(n)
        for formant in VOWELS[draws.integers(len(VOWELS))]:
            radius = np.exp(-np.pi * 90 / RATE)
            sound = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], sound)
        parts.append(sound / np.abs(sound).max() * np.hanning(n) * draws.uniform(0.3, 0.8))
    voice = np.concatenate(parts)[: int(seconds * RATE)]
    room = 0.002 * draws.standard_normal(len(voice))  # no recording is ever exactly 0 for long
    return ((voice + room) * 32767).clip(-32768, 32767).astype(np.int16)


def clips(n: int, seed: int = 0) -> list[Clip]:
    """Of two voices, a second or so each."""
    return [Clip(f"{i}", spoken(0.6 + 0.1 * (i % 7), 1000 * seed + i, 110.0 * (1 + i % 2)), i % 2) for i in range(n)]


class Synthetic(Recordings):
    """Forty clips of two synthetic voices."""

    description, licence, source = "synthetic voices", "none", "made by the tests"

    def __init__(self, n: int = 40) -> None:
        super().__init__({"data": "synthetic", "n": n}, lambda: (clips(n), []), extracts=True, names=["low", "high"])


def write_folder(folder: Path) -> Path:
    """Thirty recordings, and one file that cannot be read."""
    for clip in clips(30):
        soundfile.write(folder / f"{clip.name}.wav", clip.audio, RATE)
    (folder / "broken.wav").write_bytes(b"RIFF?")
    return folder


def waves(n: int = 3, rate: int = 8000) -> Tensor:
    """The first 0.512 s of some voices, [n, 1, L]."""
    found = [spoken(0.6, i)[: transforms.length(RATE)] for i in range(n)]
    return transforms.resampled(torch.from_numpy(np.stack(found)[:, None]).float() / 32768, RATE, rate)


def write(path: Path, seconds: float, seed: int, rate: int = 16000, channels: int = 1, gain: float = 1.0) -> None:
    """A recording of a voice; with a gain of 0, of nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mono = transforms.resampled(torch.from_numpy(spoken(seconds, seed)).float() / 32768, RATE, rate).numpy()
    soundfile.write(path, np.stack([gain * mono] * channels, 1), rate)
