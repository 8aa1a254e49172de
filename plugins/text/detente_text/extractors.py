"""The frozen network that turns sentences into features. Its weights are shipped; `train_extractor.py` made them.

It reads words by their letters: a word's vector is the mean of the vectors of its hashed character n-grams
(Bojanowski et al. 2017), so that one network serves every vocabulary, a user's included, and equal sentences have equal
features under any of them.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from zlib import crc32

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import Frozen
from detente_text.vocabulary import PAD

FROZEN = Frozen("detente_text")


class Extractor(nn.Module):
    """Words by their letters, two convolutions over them, mean and maximum over the sentence, `width` features.

    Args:
        buckets: rows of the table of n-grams.
        letters: numbers per n-gram.
        maps: filters of each convolution.
        width: number of features.
        heads: task to number of classes.
    """

    def __init__(self, buckets: int, letters: int, maps: int, width: int, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.buckets, self.width = buckets, width
        self.table = nn.EmbeddingBag(buckets, letters, mode="mean")
        self.first = nn.Conv1d(letters, maps, 3, padding=1)
        self.second = nn.Conv1d(maps, maps, 3, padding=1)
        self.neck = nn.Linear(3 * maps, width)
        self.heads = nn.ModuleDict({name: nn.Linear(width, classes) for name, classes in heads.items()})

    def vectors(self, words: Sequence[str]) -> Tensor:
        """[n, letters]: a vector for each word."""
        rows = [buckets_of(word, self.buckets) for word in words]
        flat = torch.tensor([bucket for row in rows for bucket in row], dtype=torch.long)
        return self.table(flat, torch.tensor([0, *np.cumsum([len(row) for row in rows[:-1]])], dtype=torch.long))

    def features(self, x: Tensor, there: Tensor) -> Tensor:
        """Vectors of words [B, L, letters], and which positions are words, bool [B, L] → [B, width].

        What is no word is zero in every layer, as is what lies beyond the last position: padding changes nothing.
        """
        mask = there.unsqueeze(1).to(x.dtype)  # [B, 1, L]
        h = x.transpose(1, 2) * mask
        h1 = F.relu(self.first(h)) * mask
        h2 = F.relu(self.second(h1)) * mask
        count = mask.sum(2).clamp(min=1)
        return F.softplus(self.neck(torch.cat([h1.sum(2) / count, h2.sum(2) / count, h2.amax(2)], 1)))

    def forward(self, x: Tensor, there: Tensor) -> dict[str, Tensor]:
        """Logits of every head, [B, classes] each."""
        found = self.features(x, there)
        return {name: head(found) for name, head in self.heads.items()}


def buckets_of(word: str, buckets: int) -> list[int]:
    """The rows of a word: those of the word itself and of its n-grams of 3 to 5 letters, boundaries included."""
    bounded = f"<{word}>"
    grams = [bounded[i : i + n] for n in (3, 4, 5) for i in range(len(bounded) - n + 1)]
    return [crc32(gram.encode("utf-8", "surrogatepass")) % buckets for gram in (word, *grams)]


@cache
def extractor() -> Extractor:
    """The shipped network in evaluation mode, on the CPU.

    Raises:
        PluginError: its file is missing or is not the one that was shipped.
    """
    return FROZEN.load(
        "sentences",
        lambda about: Extractor(about["buckets"], about["letters"], about["maps"], about["width"], about["heads"]),
    )


class Reader:
    """The shipped network over one vocabulary.

    Args:
        vocabulary: its symbols, the special ones first.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        with torch.no_grad():
            self.vectors = extractor().vectors(vocabulary)

    def __call__(self, tokens: Tensor, batch: int = 512) -> Tensor:
        """Features [n, width] of word numbers [n, L], up to the first padding of each sentence."""
        net = extractor()
        with torch.no_grad():
            parts = [net.features(self.vectors[part], words_of(part)) for part in tokens.split(batch)]
        return torch.cat(parts) if len(tokens) else torch.zeros(0, net.width)


def words_of(tokens: Tensor) -> Tensor:
    """Which positions are words, bool [n, L]: those before the first padding."""
    return (tokens == PAD).cumsum(1) == 0
