"""Classes of pictures: the groups of emoji, a sentence that counts them, and what recognizes them."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from detente import UsageError, shown
from detente_image import sources

REST = "other"
GROUPS = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
    REST,
)
"""Of emoji: the larger groups of Unicode, and the rest (OpenMoji's own, flags, components, what is newer)."""

_DECAY = 0.01
_ROUNDS = 200


def groups_of(names: Sequence[str]) -> np.ndarray:
    """The group of each emoji by its code point in hexadecimal: numbers int64 [n] of `GROUPS`."""
    table = sources.emoji_groups()
    found = (table.get(name, REST) for name in names)
    return np.array([GROUPS.index(group if group in GROUPS else REST) for group in found], np.int64)


def counted_classes(of: str, names: Sequence[str], labels: Sequence[int]) -> str:
    """A sentence about the classes, and how many pictures of each train.

    Raises:
        UsageError: of one there is none.
    """
    counts = Counter(labels)
    said = ", ".join(f"{k} {shown(name)} ({counts[k]:,})" for k, name in enumerate(names))
    if len(counts) < len(names):
        raise UsageError(f"{of}: a class has no picture to train on: {said}. Add some, or take its folder away.")
    return f"{of}: classes with pictures to train on: {said}."


def recognizer(features: Tensor, labels: Tensor, classes: int) -> Callable[[Tensor], Tensor]:
    """A linear classifier of features: multinomial logistic regression, .01 times its squared weights added.

    Args:
        features: [n, d], float64.
        labels: of their rows, [n].
        classes: how many there are.

    Returns:
        From features [m, d] to the likeliest class of each, [m].
    """
    mean, spread = features.mean(0), features.std(0, correction=0).clamp(min=1e-9)
    inputs = (features - mean) / spread
    weight = features.new_zeros(features.shape[1], classes).requires_grad_()
    bias = features.new_zeros(classes).requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(inputs @ weight + bias, labels) + _DECAY * weight.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)
    w, b = weight.detach(), bias.detach()
    return lambda x: ((x - mean) / spread @ w + b).argmax(1)
