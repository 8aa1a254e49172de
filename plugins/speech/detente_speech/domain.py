"""The domain of speech: features, previews, augmentations and the baselines."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from detente import Data, Domain, Primary, Sample, gaussian_like
from detente_speech import pictures
from detente_speech.augmentations import frequency_mask, gain, time_mask, time_shift
from detente_speech.extractors import FROZEN, run
from detente_speech.recordings import Vocoded
from detente_speech.transforms import griffin_lim, is_waveform, rate_of, to_narrow_mel, to_waveform

_MOST_ROWS = 4000


class Speech(Domain):
    """Recorded voices, 0.512 s each: log-mels [B, 1, 40, 64] at about [-1, 1], or waveforms [B, 1, L].

    Distances are measured on 64 features of a small classifier of voices that this plugin ships. Its input is log-mels
    of 8 kHz; waveforms are converted first.
    """

    name = "speech"
    primary = Primary(
        score="frechet",
        direction="lower",
        log=True,
        protocol="Fréchet distance on features of a classifier of five voices, of log-mels at 8 kHz, to the reference"
        " split",
    )
    metrics = ("frechet", "kernel-distance", "prdc", "voices", "naturalness", "vocoding")
    augmentations = {
        "time-shift": time_shift,
        "gain": gain,
        "time-mask": time_mask,
        "frequency-mask": frequency_mask,
    }
    preview_suffix = ".png"
    preview_count = 12
    preview_row = 4
    sample_count = 750

    @property
    def features_identity(self) -> str:
        return FROZEN.identity

    def features(self, x: Sample) -> Tensor:
        return run(to_narrow_mel(x))

    def preview(self, x: Sample, path: Path) -> None:
        """Write the log-mels as a picture, and six samples as sound, each with its own picture beside it.

        What is a log-mel becomes sound by the Griffin–Lim algorithm.
        """
        assert isinstance(x, Tensor), "a sound is a single tensor"
        shown = x.detach().float().cpu().nan_to_num()  # a diverged generator should be seen, not fail
        if is_waveform(shown):
            shown = shown.clamp(-1, 1)
        mels = to_narrow_mel(shown)
        pictures.draw(mels, path)
        heard = to_waveform(shown[: pictures.HEARD])
        for i, wave in enumerate(heard[:, 0]):
            beside = path.with_name(f"{path.stem}-{i + 1}")
            pictures.write_sound(wave, rate_of(heard), beside.with_suffix(".ogg"))
            pictures.draw_one(mels[i], beside.with_suffix(".png"))

    def save(self, x: Sample, folder: Path) -> list[Path]:
        """Write each sample as 16-bit WAV: `00001.wav`, …; log-mels by the Griffin–Lim algorithm."""
        heard, paths = self.content(x), []
        for i, wave in enumerate(heard["audio"], 1):
            paths.append(folder / f"{i:05d}.wav")
            pictures.write_wav(wave, heard["rate"], paths[-1])
        return paths

    def content(self, x: Sample) -> dict[str, Any]:
        """`audio`: a waveform of each sample, float32 [L] in [-1, 1]; `rate`: its sampling rate in Hz."""
        assert isinstance(x, Tensor), "a sound is a single tensor"
        waves = to_waveform(x.detach().float().cpu().nan_to_num()).clamp(-1, 1)
        return {"audio": list(waves[:, 0].numpy()), "rate": rate_of(waves)}

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Tensor:
        """For a vocoder the Griffin–Lim algorithm on the same log-mels; otherwise draws from a Gaussian.

        The Gaussian has mean and covariance of at most 4,000 training samples, in the space that the model plays in.
        """
        seed = int(torch.randint(2**31, (), generator=generator))
        if isinstance(data, Vocoded):
            return griffin_lim(data.conditions(n), seed)
        few = min(len(data), _MOST_ROWS)
        x = data.batch(torch.randperm(len(data), generator=generator)[:few]).x
        assert isinstance(x, Tensor), "a sound is a single tensor"
        return gaussian_like(x, n, generator)
