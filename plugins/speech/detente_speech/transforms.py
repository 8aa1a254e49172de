"""From waveforms to log-mels and back, by torchaudio's transforms.

A sample is 0.512 s of sound, at 8 or 16 kHz: as a waveform [B, 1, L] with L = 0.512 · rate, or as a log-mel
[B, 1, M, 64] with M = 40 at 8 kHz and 80 at 16 kHz. So the rate follows from a sample's shape. Windows are 32 ms of
Hann, frames 8 ms apart and centred, mels HTK's without normalization of area, of magnitudes (not powers), as in Vocos
(Siuzdak 2023):

    log-mel = (ln max(mel, e⁻⁸) + 2) / 6

which puts recorded speech at about [-1, 1]; -1 is what 16 bits cannot tell from silence.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from detente import Sample, UsageError
from detente.compat import torchaudio

RATES = (8000, 16000)
SECONDS = 0.512
FRAMES = 64
FLOOR, MIDDLE, HALF = -8.0, -2.0, 6.0
"""In ln(mel): what is cut off below, what becomes 0, and what becomes 1 above that."""
_STEP = 1 / 125
_WINDOW = 4


def length(rate: int) -> int:
    """Waveform samples of one sample."""
    return round(SECONDS * rate)


def hop(rate: int) -> int:
    """Waveform samples between two frames: 8 ms."""
    return round(_STEP * rate)


def window(rate: int) -> int:
    """Waveform samples in a frame, and the length of its Fourier transform: 32 ms."""
    return _WINDOW * hop(rate)


def mels(rate: int) -> int:
    """Mel bands: 40 at 8 kHz, 80 at 16 kHz."""
    return rate // 200


def is_waveform(x: Sample) -> bool:
    """Whether samples are waveforms [B, 1, L], not log-mels [B, 1, M, T].

    Raises:
        UsageError: they are neither.
    """
    dimensions = x.dim() if isinstance(x, Tensor) else 0
    if dimensions not in (3, 4):
        raise UsageError(
            f"speech: samples are waveforms (1, L) or log-mels (1, M, T), but these have {max(0, dimensions - 1)}"
            " dimensions; use a model of this domain."
        )
    return dimensions == 3


def rate_of(x: Tensor) -> int:
    """The sampling rate of samples of 0.512 s, in Hz; it follows from their shape.

    Raises:
        UsageError: no rate makes samples of that shape.
    """
    sizes = {length(rate): rate for rate in RATES} if is_waveform(x) else {mels(rate): rate for rate in RATES}
    size = x.shape[-1] if is_waveform(x) else x.shape[-2]
    if size not in sizes:
        raise UsageError(f"speech: samples of shape {tuple(x.shape[1:])}, but there must be one of {list(sizes)}.")
    return sizes[size]


@lru_cache(maxsize=16)
def _transform(name: str, rate: int, dtype: torch.dtype, device: torch.device) -> Any:
    """One of torchaudio's modules, made for mels of this rate."""
    make = getattr(torchaudio().transforms, name)
    n, m = window(rate), mels(rate)
    options = {
        "MelSpectrogram": {"sample_rate": rate, "n_fft": n, "hop_length": hop(rate), "n_mels": m, "power": 1.0},
        "InverseMelScale": {"sample_rate": rate, "n_stft": n // 2 + 1, "n_mels": m, "driver": "gelsd"},
        "GriffinLim": {"n_fft": n, "hop_length": hop(rate), "power": 1.0, "n_iter": 32, "length": length(rate)},
    }[name]
    return make(**options).to(device, dtype)


def log_mel(x: Tensor, rate: int | None = None) -> Tensor:
    """Waveforms [B, 1, L] → log-mels [B, 1, M, 64]; differentiable, in the precision of `x`.

    Args:
        x: the waveforms.
        rate: in Hz; for other lengths than 0.512 s, whose rate is not known.
    """
    rate = rate or rate_of(x)
    if not x.numel():
        return x.new_zeros(len(x), 1, mels(rate), x.shape[-1] // hop(rate))
    found = _transform("MelSpectrogram", rate, x.dtype, x.device)(x)
    return scaled(found[..., : x.shape[-1] // hop(rate)])  # one frame more is half padding


def scaled(mel: Tensor) -> Tensor:
    """Mel magnitudes → the scale of samples, about [-1, 1]."""
    return (mel.clamp(min=torch.e**FLOOR).log() - MIDDLE) / HALF


def magnitudes(x: Tensor) -> Tensor:
    """The scale of samples → mel magnitudes, 0 at the floor."""
    return ((x * HALF + MIDDLE).exp() - torch.e**FLOOR).clamp(min=0)


def pseudo_inverse(rate: int) -> Tensor:
    """Moore and Penrose's inverse of the mel filters, [N/2 + 1, M]: mel magnitudes → magnitudes, some below 0."""
    filters = _transform("MelSpectrogram", rate, torch.float64, torch.device("cpu")).mel_scale.fb  # [N/2 + 1, M]
    # At 16 kHz one filter lies between two bins: what reaches it is rounding, which an exact inverse would blow up.
    return torch.linalg.pinv(filters.T, rtol=1e-4).float()


def resampled(x: Tensor, rate: int, to: int) -> Tensor:
    """Waveforms [..., L] at another rate, by torchaudio's windowed sinc."""
    if not x.numel():  # a split without recordings, which torchaudio cannot shape
        return x.new_zeros(*x.shape[:-1], -(-x.shape[-1] * to // rate))
    return x if rate == to else torchaudio().functional.resample(x, rate, to)


def griffin_lim(x: Tensor, seed: int = 0, batch: int = 64) -> Tensor:
    """Log-mels [B, 1, M, 64] → waveforms [B, 1, L] untrained: least squares from mels to magnitudes, then phases.

    32 iterations with momentum .99 (Perraudin et al. 2013) from random phases, which `seed` draws.
    """
    rate = rate_of(x)
    parts = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for part in x.detach().float().cpu().split(batch):
            mel = magnitudes(part[:, 0])
            mel = torch.cat([mel, mel[..., -1:]], -1)  # the frame that log_mel leaves out
            spectrum = _transform("InverseMelScale", rate, mel.dtype, mel.device)(mel)
            parts.append(_transform("GriffinLim", rate, mel.dtype, mel.device)(spectrum)[:, None])
    return torch.cat(parts) if parts else torch.zeros(0, 1, length(rate))


def to_waveform(x: Sample) -> Tensor:
    """Samples of either kind as waveforms [B, 1, L], those of log-mels by Griffin and Lim's way; on the CPU."""
    assert isinstance(x, Tensor), "a sound is a single tensor"
    return x.detach().float().cpu() if is_waveform(x) else griffin_lim(x)


def to_narrow_mel(x: Sample) -> Tensor:
    """Samples of any kind as the log-mels of 8 kHz [B, 1, 40, 64] that measures look at.

    Log-mels of 16 kHz cannot be had from a GAN of this plugin; they go by way of the waveform.
    """
    assert isinstance(x, Tensor), "a sound is a single tensor"
    if not is_waveform(x) and x.shape[-2] == mels(RATES[0]):
        return x
    wave = to_waveform(x)
    return log_mel(resampled(wave, rate_of(wave), RATES[0]))
