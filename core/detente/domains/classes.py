"""What makes networks conditional on the class of a sample."""

import torch
from torch import Tensor, nn

from detente.engine.sample import Space
from detente.errors import UsageError


def classes_of(space: Space, model: str, data: str) -> int:
    """How many classes the data have.

    Args:
        space: of the data.
        model: the model's name, for the message.
        data: what a user can choose, such as "images with classes (digits)".

    Raises:
        UsageError: they have none.
    """
    if space.classes is None:
        raise UsageError(
            f"model {model!r} with conditional=true is for {data}, and these have none. Choose such data, or leave"
            " conditional out."
        )
    return space.classes


class ClassBeside(nn.Module):
    """z with the class beside it, as Mirza & Osindero 2014 hand it to a generator: [B, Z] → [B, Z + width].

    Args:
        classes: how many there are.
        width: numbers that a class is told by; they start as latents are drawn.

    Raises:
        UsageError: the network was called without classes.
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.width, self.embed = width, nn.Embedding(classes, width)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """[B, Z], [B] → [B, Z + width]."""
        return torch.cat([z, self.embed(_given(labels))], 1)


class Projection(nn.Module):
    """The conditional part of a logit: ⟨v_y, φ(x)⟩ (Miyato & Koyama 2018, eq. 7).

    Args:
        classes: how many there are.
        width: of φ(x).

    Raises:
        UsageError: the network was called without classes.
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
