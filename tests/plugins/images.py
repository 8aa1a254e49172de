"""Sets of pictures, and what tests of several modules ask of them."""

import hashlib

import torch
from torch import Tensor

from detente import Evaluation, Leaf, Space
from detente_image.data import Digits, Emoji, Images, StackedDigits
from detente_image.domain import Image
from detente_image.metrics import ClassAccuracy

SETS = [Digits, lambda: StackedDigits(count=500), Emoji]
SPLITS = ("train", "extractor", "held_out", "reference")


def row_hashes(of: Images, split: str) -> set[bytes]:
    return {hashlib.sha256(row.tobytes()).digest() for row in of.packed.arrays["images"][of.packed.rows(split)]}


def training(of: Images, n: int) -> tuple[Tensor, Tensor | None]:
    """The first n training pictures and their labels."""
    x, labels = of.batch(torch.arange(n))
    assert isinstance(x, Tensor)
    return x, labels


def space(channels: int = 1, size: int = 32) -> Space:
    return Space((Leaf((channels, size, size), channel_axis=1),))


def accuracy(of: Images, x: Tensor, labels: Tensor | None) -> float:
    """The score `class-accuracy` of samples that were made under these classes."""
    return ClassAccuracy()(Evaluation(x, of, Image(), labels=labels))["class-accuracy"]


def held_out_labels(of: Images) -> Tensor:
    labels = of.real_labels(len(of.held_out()))
    assert labels is not None
    return labels
