"""Augmentations of recordings, both as waveforms [B, 1, L] and as log-mels [B, 1, M, 64].

All are differentiable twice, change each sample independently and use only the given random generator. Masks are those
of SpecAugment (Park et al. 2019), filled with silence.
"""

import math

import torch
from torch import Tensor

from detente import Sample
from detente_speech.transforms import HALF, is_waveform

_QUIET = -1.0
"""A log-mel of silence."""


def time_shift(x: Sample, generator: torch.Generator) -> Tensor:
    """Moved by up to an eighth of its length, either way; what enters is what left at the other end.

    Repeating the border, as pictures do, would hold one frame, which no voice does.
    """
    x = _sound(x)
    size = x.shape[-1]
    by = torch.randint(-(size // 8), size // 8 + 1, (len(x), 1), generator=generator, device=x.device)
    at = (torch.arange(size, device=x.device) + by) % size  # [B, size]
    return x.gather(-1, at.view(len(x), *[1] * (x.dim() - 2), size).expand_as(x))


def gain(x: Sample, generator: torch.Generator) -> Tensor:
    """Louder or softer by up to 6 dB; a log-mel moves up or down, and what was silent stays silent."""
    x = _sound(x)
    by = _draws(x, generator) * 2 - 1  # [B, 1, ...]
    if is_waveform(x):
        return x * 2**by
    loud = (x - _QUIET).clamp(max=0.25) * 4  # 0 at silence, 1 from a quarter above it
    return x + loud * by * (math.log(2) / HALF)


def time_mask(x: Sample, generator: torch.Generator) -> Tensor:
    """Up to a quarter of the time is silent."""
    x = _sound(x)
    hidden = _stretch(x, x.shape[-1], generator)
    return _silenced(x, hidden.view(len(x), *[1] * (x.dim() - 2), -1))


def frequency_mask(x: Sample, generator: torch.Generator) -> Tensor:
    """Up to a quarter of the bands of a log-mel are silent; of a waveform, up to a quarter of its spectrum."""
    x = _sound(x)
    if not is_waveform(x):
        return _silenced(x, _stretch(x, x.shape[-2], generator)[:, None, :, None])
    bins = x.shape[-1] // 2 + 1
    hidden = _stretch(x, bins, generator)[:, None]
    return torch.fft.irfft(torch.fft.rfft(x) * ~hidden, n=x.shape[-1])


def _stretch(x: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Where a stretch of up to a quarter of `size` lies, per sample: [B, size], boolean."""
    wide, start = torch.rand(2, len(x), 1, generator=generator, device=x.device)
    wide = wide * size / 4
    start = start * (size - wide)
    at = torch.arange(size, device=x.device)
    return (at >= start) & (at < start + wide)


def _silenced(x: Tensor, where: Tensor) -> Tensor:
    return x.masked_fill(where, 0.0 if is_waveform(x) else _QUIET)


def _draws(x: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(len(x), *[1] * (x.dim() - 1), generator=generator, device=x.device, dtype=x.dtype)


def _sound(x: Sample) -> Tensor:
    assert isinstance(x, Tensor), "a sound is a single tensor"
    return x
