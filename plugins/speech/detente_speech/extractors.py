"""The frozen network that turns log-mels into features. Its weights are shipped; `train_extractor.py` made them."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import Frozen
from detente_speech.transforms import FRAMES, mels

FROZEN = Frozen("detente_speech")
WIDTH = 64


class Extractor(nn.Module):
    """A small convolutional network on log-mels: logits of some classes by way of 64 features.

    Args:
        voices: number of classes.
        maps: feature maps of the three stages, each at half the resolution of the one before.
    """

    def __init__(self, voices: int, maps: tuple[int, int, int] = (16, 32, 64)) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        previous = 1
        for i, m in enumerate(maps):
            kernel = 3 if i else 5
            first = nn.Conv2d(previous, m, kernel, stride=2, padding=kernel // 2, bias=False)
            second = nn.Conv2d(m, m, 3, padding=1, bias=False)
            stages += [first, nn.BatchNorm2d(m), nn.ReLU(), second, nn.BatchNorm2d(m), nn.ReLU()]
            previous = m
        self.trunk = nn.Sequential(*stages, nn.Flatten(), nn.Dropout(0.3))
        self.neck = nn.Linear(previous * (mels(8000) // 8) * (FRAMES // 8), WIDTH)
        self.voice = nn.Linear(WIDTH, voices)

    def features(self, x: Tensor) -> Tensor:
        """[B, 1, 40, 64] → [B, 64]."""
        return F.softplus(self.neck(self.trunk(x)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the voices, [B, voices]."""
        return self.voice(self.features(x))


@cache
def extractor() -> Extractor:
    """The shipped network in evaluation mode, on the CPU.

    Raises:
        PluginError: its file is missing or is not the one that was shipped.
    """
    return FROZEN.load("voices", lambda about: Extractor(len(about["voices"]), tuple(about["maps"])))


def run(x: Tensor, voices: bool = False, batch: int = 256) -> Tensor:
    """Features [n, 64] of log-mels [n, 1, 40, 64], or with `voices` the logits of the voices; on the CPU in batches."""
    net = extractor()
    with torch.no_grad():
        parts = [(net if voices else net.features)(part.detach().float().cpu()) for part in x.split(batch) if len(part)]
    return torch.cat(parts) if parts else torch.zeros(0, net.voice.out_features if voices else WIDTH)
