"""Frozen networks that turn images into features. Weights are shipped; `train_classifier.py` made them.

Distances are measured on what these networks see, so a changed weight changes every score: each file is checked against
the hash in `extractors.json` before it is used.
"""

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor, nn

from detente import PluginError

HERE = Path(__file__).parent
RECORD = HERE / "extractors.json"
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


def record() -> dict[str, Any]:
    """What is known of the shipped weights: shape of the network, hashes, accuracies, what they were trained on."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


@cache
def extractor(name: str) -> Extractor:
    """A shipped network in evaluation mode, on the CPU: "digits" (grey) or "colour".

    Raises:
        PluginError: its file is missing or is not the one that was shipped.
    """
    about = record()[name]
    file = HERE / about["file"]
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PluginError(f"cannot read {file.name} ({error.strerror}). Reinstall detente-image.") from error
    if sha256(content).hexdigest() != about["sha256"]:
        raise PluginError(
            f"{file.name} is not the file that detente-image shipped, so scores would not compare with anyone's."
            " Reinstall detente-image."
        )
    net = Extractor(about["channels"], tuple(about["maps"]), about["width"], about["heads"])
    net.load_state_dict(load(content))
    return net.eval().requires_grad_(False)


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
    width = net.width if head is None else record()[name]["heads"][head]
    return torch.cat(parts) if parts else torch.zeros(0, width)


def _one(net: Extractor, x: Tensor, head: str | None) -> Tensor:
    if x.shape[-2:] != (SIZE, SIZE):
        x = F.interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True)
    return net.features(x) if head is None else net(x)[head]
