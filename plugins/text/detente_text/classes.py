"""Classes of sentences: how many words they have, cut into equal shares of the training sentences."""

from typing import Literal

import numpy as np

from detente import Cut, Packed, cut
from detente_text.vocabulary import PAD

Property = Literal["length"]
"""What divides sentences into classes."""


def lengths(tokens: np.ndarray) -> np.ndarray:
    """How many words stand before the first padding of each sentence: [n, L] → int64 [n]."""
    ended = np.pad(tokens == PAD, ((0, 0), (0, 1)), constant_values=True)
    return ended.argmax(1)


def classed(of: Packed, name: Property, bins: int) -> tuple[Packed, Cut]:
    """Packed sentences with an array `labels`, the class of each, and how they were cut; a note says it.

    Args:
        of: with an array `tokens`.
        name: of what divides them.
        bins: how many classes.

    Raises:
        UsageError: the sentences have too few different values.
    """
    values, train = lengths(of.arrays["tokens"]), of.rows("train")
    found = cut(name, values[train], bins, "sentences")
    labels = found.classes(values)
    notes = (*of.notes, found.counted(labels[train], "sentences"))
    return Packed({**of.arrays, "labels": labels}, of.sizes, notes), found
