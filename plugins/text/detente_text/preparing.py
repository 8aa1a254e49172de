"""Sentences become word numbers: which words a vocabulary has, how long sentences are, which of them train."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from detente import Packed, UsageError, shuffled
from detente_text.vocabulary import UNKNOWN, encoded, most_frequent, stored, words

HELD_OUT, REFERENCE = 1000, 2000
"""Most sentences that these splits hold; a tenth and 15 % of all, if that is less."""
ENOUGH = 100
"""Of fewer sentences all train the generator: a quarter of so few says nothing about a distribution."""
SPLITS = ("train", "extractor", "held_out", "reference")
VOCABULARIES = (1000, 2000, 4000, 6000, 8000, 12_000, 16_000)
LENGTHS = (8, 12, 16, 20, 24, 32, 48, 64)
"""What is chosen from where an option is null."""


class Reserved(NamedTuple):
    """Shares of the sentences that do not train."""

    held_out: float
    reference: float
    extractor: float


HALF, TENTH = Reserved(0.1, 0.15, 0.25), Reserved(0.04, 0.04, 0.02)


def prepared(
    name: str,
    texts: Iterable[str],
    vocabulary: int | None,
    shortest: int,
    length: int | None,
    size: int | None,
    found: int | None = None,
    notes: tuple[str, ...] = (),
    read: Callable[[str], list[str]] = words,
    reserved: Reserved | None = None,
) -> Packed:
    """Sentences as packed word numbers in four splits, with their vocabulary.

    Args:
        name: of the data, for notes and errors.
        texts: a sentence each.
        vocabulary: symbols, the two special ones included; chosen from `VOCABULARIES` if None.
        shortest, length: words of a sentence; the most of them are chosen from `LENGTHS` if None.
        size: sentences to train on, at most; what is left joins the split `extractor`.
        found: how many sentences there were at the source, where `texts` are a part of them.
        notes: what is known already.
        read: a sentence as words.
        reserved: what does not train; half by default.

    Raises:
        UsageError: no sentence is left.
    """
    unlike: dict[str, list[str]] = {}
    n = 0
    if length is None:
        texts = list(texts)
        length = enough([len(read(text)) for text in texts], LENGTHS)
    for text in texts:
        n += 1
        split = read(text)
        if shortest <= len(split) <= length:
            # What differs in compatibility characters alone (½ and 1⁄2) is the same sentence: not one in each split.
            plain = unicodedata.normalize("NFKC", text)
            key = unicodedata.normalize("NFKC", " ".join(split if plain == text else read(plain)))
            unlike[key] = min(split, unlike.get(key, split))
    if not unlike:
        raise UsageError(
            f"{name}: none of the {found or n:,} sentences has {shortest} to {length} words. Set data.length to what"
            " they have, and put one sentence on a line."
        )
    different = list(unlike.values())
    order = shuffled(" ".join(split).encode("utf-8", "surrogatepass") for split in different)
    needed = rarest(different)
    if vocabulary is None:
        vocabulary = enough(needed, VOCABULARIES)
    symbols = most_frequent(different, vocabulary)
    tokens = encoded([different[i] for i in order], symbols, length)
    known = ~(tokens == UNKNOWN).any(1)
    rows, strange = np.flatnonzero(known), np.flatnonzero(~known)
    if not len(rows):
        raise UsageError(
            f"{name}: every sentence has a word outside a vocabulary of {vocabulary:,} words. Increase data.vocabulary."
        )
    reserved = reserved or HALF
    held_out = min(HELD_OUT, int(reserved.held_out * len(rows))) if len(rows) >= ENOUGH else 0
    reference = min(REFERENCE, int(reserved.reference * len(rows))) if held_out else 0
    extractor = int(reserved.extractor * len(rows)) if held_out else 0
    train = len(rows) - held_out - reference - extractor
    if size is not None and train > size:
        extractor, train = extractor + train - size, size
    ends = np.cumsum([held_out, reference, extractor])
    parts = dict(zip(("held_out", "reference", "extractor", "train"), np.split(rows, ends), strict=True))
    parts["extractor"] = np.concatenate([parts["extractor"], strange]) if held_out else parts["extractor"]
    more = [size for size in VOCABULARIES if size > len(symbols)][:1]
    coverage = _Coverage(found or n, len(unlike), len(rows), train, len(symbols), length)
    said = (*notes, *_notes(name, coverage, held_out, [(size, sum(n <= size for n in needed)) for size in more]))
    return Packed(
        {"tokens": tokens[np.concatenate([parts[split] for split in SPLITS])], "vocabulary": stored(symbols)},
        {split: len(parts[split]) for split in SPLITS},
        said if name.startswith("lines") else (),  # of a shipped set, its description says all of this
    )


class _Coverage(NamedTuple):
    """What became of the lines of a file."""

    found: int
    fitting: int
    known: int
    train: int
    symbols: int
    length: int


def rarest(sentences: Sequence[Sequence[str]]) -> list[int]:
    """How many symbols a vocabulary must have for each sentence to be known."""
    rank = {word: i for i, word in enumerate(most_frequent(sentences, 1 << 62), 1)}
    return [max(rank.get(word, 1 << 62) for word in sentence) for sentence in sentences]


def enough(needed: Sequence[int], sizes: Sequence[int]) -> int:
    """The first of some sizes that nine tenths are content with; the last one if none is that large."""
    return next((size for size in sizes if sum(n <= size for n in needed) >= 0.9 * len(needed)), sizes[-1])


def _notes(name: str, lines: _Coverage, held_out: int, more: Sequence[tuple[int, int]]) -> list[str]:
    notes = []
    if lines.fitting < lines.found or lines.known < lines.fitting:
        brings = "".join(f"; {size:,} words would bring {able:,}" for size, able in more if able > lines.known)
        notes.append(
            f"{name}: {lines.train:,} of {lines.found:,} lines train. {lines.fitting:,} are different and of at most"
            f" {lines.length} words (data.length), {lines.known:,} of these have no unknown word in a vocabulary of"
            f" {lines.symbols:,} (data.vocabulary{brings}), and {lines.known - lines.train:,} of those are kept for"
            " scores."
        )
    if not held_out:
        notes.append(
            f"{name}: {lines.known:,} sentences are too few for a held-out split ({ENOUGH} are needed), so all are used"
            " for training, and scores that need real sentences are left out: Fréchet and kernel distance, precision,"
            " recall, density, coverage, BLEU, fluency."
        )
    return notes
