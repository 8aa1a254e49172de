"""Augmentations of sentences. All are linear in the sample, so differentiable twice.

All change each sentence independently, use only the given random generator and stay on the simplex.
"""

import math

import torch
from torch import Tensor

from detente import Sample
from detente_text.vocabulary import UNKNOWN

MASKED = 0.1
SWAPPED = 0.1
MIXED = 0.2


def masking(x: Sample, generator: torch.Generator) -> Tensor:
    """Each word becomes the unknown word with probability .1."""
    x, hidden = _some(x, MASKED, generator)
    unknown = torch.zeros(x.shape[-1], device=x.device, dtype=x.dtype)
    unknown[UNKNOWN] = 1
    return torch.where(hidden, unknown, x)


def swapping(x: Sample, generator: torch.Generator) -> Tensor:
    """Each word changes places with the next with probability .1, where that did not change places already."""
    x, wanted = _some(x, SWAPPED, generator)
    n, length = x.shape[:2]
    place = torch.arange(length, device=x.device).repeat(n, 1)  # [B, L]
    moved = torch.zeros(n, dtype=torch.bool, device=x.device)
    for t in range(length - 1):
        now = wanted[:, t, 0] & ~moved
        left, right = place[:, t].clone(), place[:, t + 1].clone()
        place[:, t], place[:, t + 1] = torch.where(now, right, left), torch.where(now, left, right)
        moved = now
    return x[torch.arange(n, device=x.device)[:, None], place]


def unigram_noise(x: Sample, generator: torch.Generator) -> Tensor:
    """With probability .2 a word is mixed, by up to a half, with a random one, frequent words more often.

    Vocabularies are sorted by frequency, and the frequency of a word falls as the inverse of its rank (Zipf): the rank
    of a random word is e^U, with U uniform.
    """
    x, chosen = _some(x, MIXED, generator)
    n, length, symbols = x.shape
    first = UNKNOWN + 1
    share, rank = torch.rand(2, n, length, 1, generator=generator, device=x.device)
    words = first + (rank * math.log(max(1, symbols - first))).exp().sub(1).round().long()
    other = torch.zeros_like(x).scatter_(-1, words.clamp(max=symbols - 1), 1.0)
    return torch.lerp(x, other, (chosen * share / 2).to(x.dtype))


def _some(x: Sample, p: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The sentences [B, L, V], and which positions are chosen, bool [B, L, 1]."""
    assert isinstance(x, Tensor), "a sentence is a single tensor"
    return x, torch.rand(*x.shape[:2], 1, generator=generator, device=x.device) < p
