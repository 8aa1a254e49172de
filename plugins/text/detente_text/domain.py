"""The domain of sentences: features, text, augmentations and the baseline."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from detente import Data, Domain, Primary, Sample, Space, UsageError
from detente_text.augmentations import masking, swapping, unigram_noise
from detente_text.data import Sentences, one_hot
from detente_text.extractors import FROZEN, Reader
from detente_text.vocabulary import PAD, sentence, trimmed

_ROWS = 512


class Text(Domain):
    """Sentences of up to L words of V symbols: [B, L, V], one-hot for real ones.

    Symbol 0 follows the end of a sentence; nothing after the first of them counts in any score.
    """

    name = "text"
    primary = Primary(
        "frechet",
        "lower",
        log=True,
        protocol="Fréchet distance on 64 features of a frozen network that reads words by their letters, to the"
        " reference split. BLEU is the mean of sentence BLEU (uniform weights,"
        " smoothing method 1 with 0.1, closest reference length) against every sentence of the reference split; in"
        " self-BLEU each sample is left out of its own references. Fluency is nats per word of a Kneser–Ney trigram"
        " model of text that no generator saw",
    )
    metrics = ("frechet", "bleu", "self-bleu", "uniqueness", "fluency", "kernel-distance", "prdc")
    augmentations = {"masking": masking, "swapping": swapping, "unigram-noise": unigram_noise}
    preview_suffix = ".txt"
    sample_count = 1000

    def __init__(self) -> None:
        super().__init__()
        self._vocabulary: tuple[str, ...] = ()
        self._reader: Reader | None = None

    def meet(self, space: Space) -> None:
        if len(space.leaves) != 1 or len(space.leaves[0].symbols) != space.leaves[0].shape[-1]:
            raise UsageError("text needs data whose space names its symbols: Leaf((length, n), symbols=(n words)).")
        self._vocabulary, self._reader = space.leaves[0].symbols, None

    @property
    def features_identity(self) -> str:
        return FROZEN.identity

    def features(self, x: Sample) -> Tensor:
        return self._read(_tokens(x))

    def reference_features(self, data: Data) -> Tensor:
        """Of the packed word numbers: thousands of sentences need not be written out one-hot."""
        if self.brought is not None or not isinstance(data, Sentences):
            return super().reference_features(data)
        if data.identity not in self._reference:
            self._reference[data.identity] = self._read(torch.from_numpy(data.tokens("reference")).long()).double()
        return self._reference[data.identity]

    def sentences(self, x: Sample) -> list[str]:
        """Each sample as one writes it; of soft words the likeliest."""
        return [sentence(self._words(row)) for row in trimmed(_tokens(x).tolist())]

    def preview(self, x: Sample, path: Path) -> None:
        path.write_text("\n".join(self.sentences(x)) + "\n", encoding="utf-8", errors="replace")

    def save(self, x: Sample, folder: Path) -> list[Path]:
        """Write `samples.txt`, one sentence a line, in UTF-8."""
        path = folder / "samples.txt"
        self.preview(x, path)
        return [path]

    def content(self, x: Sample) -> dict[str, list[str]]:
        """`text`: a sentence of each sample."""
        return {"text": self.sentences(x)}

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Tensor:
        """Draws from the bigrams of the training sentences: each word as often as it follows the one before it."""
        parts = [_tokens(data.batch(index).x) for index in torch.arange(len(data)).split(_ROWS)]
        length, symbols = data.space.leaves[0].shape
        begin = symbols  # a symbol of its own, before the first word
        pairs = torch.tensor(
            [
                pair
                for row in trimmed(torch.cat(parts).tolist())
                for pair in zip((begin, *row), (*row, PAD), strict=True)
            ]
        ).T
        order = pairs[0].argsort(stable=True)
        previous, following = pairs[:, order]
        count = torch.bincount(previous, minlength=symbols + 1)
        start = count.cumsum(0) - count
        out = torch.full((n, length), PAD)
        last = torch.full((n,), begin)
        for t in range(length):
            draw = torch.rand(n, generator=generator)
            at = start[last] + (draw * count[last]).long()
            # Nothing follows a padding, so that a sentence that has ended stays so.
            last = torch.where(count[last] > 0, following[at.clamp(max=len(following) - 1)], PAD)
            out[:, t] = last
        return one_hot(out, symbols)

    def _words(self, row: Sequence[int]) -> list[str]:
        return [self._vocabulary[i] if i < len(self._vocabulary) else f"<{i}>" for i in row]

    def _read(self, tokens: Tensor) -> Tensor:
        if self._reader is None:
            self._reader = Reader(self._vocabulary)
        return self._reader(tokens)


def _tokens(x: Sample) -> Tensor:
    """Word numbers int64 [n, L], on the CPU."""
    assert isinstance(x, Tensor), "a sentence is a single tensor"
    return torch.cat([part.argmax(-1).cpu() for part in x.split(_ROWS)]) if len(x) else x.argmax(-1).cpu()
