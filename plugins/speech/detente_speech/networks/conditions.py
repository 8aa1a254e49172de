"""What makes networks conditional on a class."""

import torch
from torch import Tensor, nn

from detente import Space, UsageError

CONDITIONAL = ("class-accuracy",)
"""Metrics that say something of conditional models."""


def classes_of(space: Space, model: str) -> int:
    """How many classes the recordings have.

    Raises:
        UsageError: they have none.
    """
    if space.classes is None:
        raise UsageError(
            f"model {model!r} with conditional=true is for recordings with classes, and these have none. Use data with"
            " classes (prompts, fsdd, speechcommands), or leave it out."
        )
    return space.classes


class ClassBeside(nn.Module):
    """z with the class beside it, as Mirza & Osindero 2014 hand it to a generator: [B, Z] → [B, Z + width].

    Args:
        classes: how many there are.
        width: numbers that a class is told by; they start as latents are drawn.
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.width, self.embed = width, nn.Embedding(classes, width)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return torch.cat([z, self.embed(_given(labels))], 1)


class Projection(nn.Module):
    """The conditional part of a logit: ⟨v_y, φ(x)⟩ (Miyato & Koyama 2018, eq. 7).

    Args:
        classes: how many there are.
        width: of φ(x).
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, width)
        nn.init.normal_(self.embed.weight, std=width**-0.5)

    def forward(self, features: Tensor, labels: Tensor | None) -> Tensor:
        """[B, width], [B] → [B]."""
        return (self.embed(_given(labels)) * features).sum(1)


def _given(labels: Tensor | None) -> Tensor:
    if labels is None:
        raise UsageError("this network is conditional: call it with a class for each sample, network(x, labels).")
    return labels
