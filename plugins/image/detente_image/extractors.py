"""Frozen networks that turn images into features. Weights are shipped; `train_extractor.py` made them."""

from collections.abc import Mapping
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import Frozen

FROZEN = Frozen("detente_image")
SIZE = 32


class Extractor(nn.Module):
    """A small convolutional network: logits of some classes by way of `width` features.

    Args:
        channels: of the images.
        maps: feature maps of the three stages, each at half the resolution of the one before.
        width: number of features.
        heads: name to number of classes.
    """

    def __init__(self, channels: int, maps: tuple[int, int, int], width: int, heads: Mapping[str, int]) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        previous = channels
        for i, m in enumerate(maps):
            kernel = 3 if i else 5
            stages += [
                *(
                    nn.Conv2d(previous, m, kernel, stride=2, padding=kernel // 2, bias=False),
                    nn.BatchNorm2d(m),
                    nn.ReLU(),
                ),
                *(nn.Conv2d(m, m, 3, padding=1, bias=False), nn.BatchNorm2d(m), nn.ReLU()),
            ]
            previous = m
        self.width = width
        self.trunk = nn.Sequential(*stages, nn.Flatten(), nn.Dropout(0.3))
        self.neck = nn.Linear(previous * (SIZE // 8) ** 2, width)
        self.heads = nn.ModuleDict({name: nn.Linear(width, classes) for name, classes in heads.items()})

    def features(self, x: Tensor) -> Tensor:
        """[B, C, 32, 32] in [-1, 1] → [B, width]."""
        return F.softplus(self.neck(self.trunk(x)))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Logits of every head, [B, classes] each."""
        found = self.features(x)
        return {name: head(found) for name, head in self.heads.items()}


@cache
def extractor(name: str) -> Extractor:
    """A shipped network in evaluation mode, on the CPU: "digits" (grey) or "colour".

    Raises:
        PluginError: its file is missing or is not the one that was shipped.
    """
    return FROZEN.load(
        name, lambda about: Extractor(about["channels"], tuple(about["maps"]), about["width"], about["heads"])
    )


def run(name: str, x: Tensor, head: str | None = None, batch: int = 256) -> Tensor:
    """Features [n, width] of images, or the logits [n, classes] of a head, on the CPU in batches.

    Images of another size than 32 × 32 are scaled to it first.

    Args:
        name: of the extractor.
        x: [n, C, H, W] in [-1, 1].
        head: whose logits to return; None for features.
        batch: images at a time.
    """
    net = extractor(name)
    with torch.no_grad():
        parts = [_one(net, part.detach().float().cpu(), head) for part in x.split(batch)] if len(x) else []
    width = net.width if head is None else FROZEN.record(name)["heads"][head]
    return torch.cat(parts) if parts else torch.zeros(0, width)


def _one(net: Extractor, x: Tensor, head: str | None) -> Tensor:
    if x.shape[-2:] != (SIZE, SIZE):
        x = F.interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True)
    return net.features(x) if head is None else net(x)[head]
