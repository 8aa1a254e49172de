"""The spectrogram GAN as a table: it needs the speech plugin, but no recording, for speed does not depend on values."""

import torch
from torch import Tensor

from bench.tables import Table
from detente.domain import Data, Leaf, PackedData, Space
from detente.plugins import host


def _noise(size: int = 2048) -> Data:
    """Random log-mels, float16 as recordings have them."""
    x: Tensor = torch.rand(size, 1, 40, 64, generator=torch.Generator().manual_seed(0)).half() * 2 - 1
    return PackedData(Space((Leaf((1, 40, 64), channel_axis=1),)), x, x[:64], x[:64], "bench-speech")


def speech() -> list[Table]:
    """SpecGAN at its default width and batch; none where the plugin is not installed."""
    h = host()
    if not any(e.name == "speech" for e in h.entries("domain")):
        return []
    return [Table("specgan", h.load("domain", "speech")(), _noise(), h.load("model", "specgan", "speech")(), 64)]
