"""From strings to word numbers and back."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

PAD, UNKNOWN = 0, 1
"""After the end of a sentence; a word that the vocabulary lacks."""
SPECIAL = ("<pad>", "<unk>")

_MARKS = r"!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u2027\u2030-\u205e\u3001-\u303f"
_PICTURES = "\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
_WORD = re.compile(
    rf"[{_PICTURES}][{_PICTURES}\u200d]*"  # emoji, with what joins and colours them
    rf"|[^\s{_MARKS}{_PICTURES}]+(?:['’\-][^\s{_MARKS}{_PICTURES}]+)*"  # don't and well-known are one word
    rf"|[{_MARKS}]"
)
_TIGHT = re.compile(r" ([,.;:!?…)\]}’”»])|([(\[{‘“«]) ")


def words(sentence: str) -> list[str]:
    """Lower-case words and marks: canonical composition (NFC), split at spaces and around punctuation."""
    return _WORD.findall(unicodedata.normalize("NFC", sentence).lower())


def most_frequent(sentences: Iterable[Sequence[str]], size: int) -> tuple[str, ...]:
    """A vocabulary of up to `size` symbols: the special ones, then words by falling frequency, equals by alphabet."""
    count = Counter(word for sentence in sentences for word in sentence)
    for special in SPECIAL:
        count.pop(special, None)
    ranked = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    return (*SPECIAL, *(word for word, _ in ranked[: size - len(SPECIAL)]))


def encoded(sentences: Sequence[Sequence[str]], vocabulary: Sequence[str], length: int) -> np.ndarray:
    """Word numbers int16 [n, length], padded; the part of a sentence that is longer is cut off.

    Unknown words become `UNKNOWN`.
    """
    from tokenizers import Tokenizer, models

    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token=SPECIAL[UNKNOWN]))
    # Word by word: the library's encodings keep offsets, which nobody reads here and which take ten times as long.
    number = tokenizer.token_to_id
    tokens = np.full((len(sentences), length), PAD, dtype=np.int16)
    for row, sentence in zip(tokens, sentences, strict=True):
        found = [number(word) for word in sentence[:length]]
        row[: len(found)] = [UNKNOWN if i is None else i for i in found]
    return tokens


def sentence(symbols: Iterable[str]) -> str:
    """Words as one writes them: no space before a comma, none after an opening bracket."""
    return _TIGHT.sub(lambda m: m.group(1) or m.group(2), " ".join(symbols))


def trimmed(tokens: Iterable[Sequence[int]]) -> list[tuple[int, ...]]:
    """Each row up to its first `PAD`: what stands after the end of a sentence is no part of it."""
    out = []
    for row in tokens:
        row = tuple(row)
        out.append(row[: row.index(PAD)] if PAD in row else row)
    return out


def stored(vocabulary: Sequence[str]) -> np.ndarray:
    """The vocabulary as bytes, one word a line, uint8."""
    return np.frombuffer("\n".join(vocabulary).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def restored(content: np.ndarray) -> tuple[str, ...]:
    """What `stored` stored."""
    return tuple(content.tobytes().decode("utf-8", "surrogatepass").split("\n"))
