"""Small sets of sentences, small models of them, and sentences to be scored."""

from pathlib import Path

import torch

from detente import Evaluation, Model, Networks, Space
from detente_text import metrics
from detente_text.data import Lines, Sentences, one_hot
from detente_text.domain import Text
from detente_text.networks import Latent, RelGAN, Transformer
from detente_text.vocabulary import PAD

SPLITS = ("train", "extractor", "held_out", "reference")
WORDS = ("the", "a", "cat", "dog", "sun", "hill", "sees", "finds", "likes", "big", "small", "old", "and", "on", "by")
TINY = {"width": 6, "embedding": 4, "latent_dim": 4}


def met(data: Sentences) -> Text:
    domain = Text()
    domain.meet(data.space)
    return domain


def lines(folder: Path, content: str | bytes, **options) -> Lines:
    file = folder / "lines.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Lines(str(file), **options)


def evaluation(rows: list[tuple[int, ...]], data: Sentences, length: int | None = None) -> Evaluation:
    """Sentences, padded, as samples to be scored."""
    length = length or data.space.leaves[0].shape[0]
    tokens = torch.tensor([[*row, *[PAD] * (length - len(row))] for row in rows])
    return Evaluation(one_hot(tokens, len(data.vocabulary)), data, met(data))


def real(data: Sentences, split: str = "held_out", n: int = 40) -> list[tuple[int, ...]]:
    return metrics.sentences_of(data, split)[:n]


def build(model: Model, space: Space) -> Networks:
    torch.manual_seed(0)
    return Networks(*(net.double() for net in model.build(space)))


def models(**options) -> list[Model]:
    return [
        RelGAN(**TINY, maps=4, warm_up_steps=0, **options),
        Transformer(width=8, layers=1, heads=2, latent_dim=4, warm_up_steps=0, **options),
        Latent(code=4, width=8, embedding=4, latent_dim=4, warm_up_steps=0, **options),
    ]
