"""From strings to word numbers and back."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import regex

PAD, UNKNOWN = 0, 1
"""After the end of a sentence; a word that the vocabulary lacks."""
SPECIAL = ("<pad>", "<unk>")

# Scripts that write no space between words. What Unicode breaks by dictionaries (SA) is Thai, Lao, Khmer, Burmese, …;
# the first line has what it breaks by syllables (UAX 14).
_OTHERS = r"\p{Bali}\p{Batk}\p{Brah}\p{Bugi}\p{Cham}\p{Diak}\p{Gran}\p{Java}\p{Kawi}\p{Maka}"
_OTHERS += r"\p{Egyp}\p{Nshu}\p{Tang}\p{Vaii}\p{Xsux}\p{Yiii}"
_UNSPACED = rf"[[\p{{scx=Han}}\p{{scx=Hira}}\p{{scx=Kana}}\p{{scx=Bopo}}{_OTHERS}\p{{Lb=SA}}]&&[\p{{L}}\p{{M}}\p{{N}}]]"
_PICTURES = "\u2600-\u27bf\ufe0f\U0001f000-\U0001faff\U000e0020-\U000e007f"
_MARK_RANGES = r"!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u2027\u2030-\u205e\u3001-\u303f"
_MARKS = rf"[[\p{{P}}\p{{Sc}}\p{{Sk}}{_MARK_RANGES}]--[{_PICTURES}\p{{L}}\p{{N}}]]"
_LETTER = rf"[^\s{_MARKS}{_PICTURES}]"
_WORD, _BY_CHARACTER = (
    regex.compile(
        rf"[{_PICTURES}][{_PICTURES}\u200d]*"  # emoji, with what joins and colours them
        + (rf"|(?={_UNSPACED})\X" if split else "")
        + rf"|{letter}+(?:['’\-]{letter}+)*"  # don't and well-known are one word
        rf"|{_MARKS}",
        regex.V1,
    )
    for split, letter in ((False, _LETTER), (True, rf"[{_LETTER}--{_UNSPACED}]"))
)
_RUN = regex.compile(rf"{_UNSPACED}+", regex.V1)
# What is seen of a character is not changed by these: they hide look-alikes, a byte-order mark among them.
_UNSEEN = regex.compile(
    r"(?:[\p{Cf}\p{Cc}\p{DI}--\p{PCM}--\s])"
    r"(?<!\p{ExtPict}\ufe0f)(?<!\p{ExtPict}[\ufe0f\p{EMod}]?\u200d(?=\p{ExtPict}))"  # 👩‍👧 is one picture
    r"(?<!\U0001f3f4[\U000e0020-\U000e007f]+)"  # some flags are spelt in hidden letters
    r"(?<![\p{Jt=D}\p{Jt=L}]\p{Jt=T}*\u200c(?=\p{Jt=T}*[\p{Jt=D}\p{Jt=R}]))(?<!\p{ccc=9}[\u200c\u200d])",  # UAX 31
    regex.V1,
)
_BLANK = "\u2800"
"""What Braille has between words."""
_CONTROLS = regex.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_ALIKE = frozenset(("<wide>", "<narrow>", "<font>", "<compat>", "<initial>", "<medial>", "<final>", "<isolated>"))
_TIGHT = regex.compile(r" ([,.;:!?…،؛؟۔।॥]|\p{Pe}|\p{Pf})|(\p{Ps}|\p{Pi}) ")
_CLOSE = rf"(?:{_UNSPACED}\p{{M}}*|[\u3001-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65])"
_TOUCHING = regex.compile(rf"(?<={_CLOSE}) (?={_CLOSE})", regex.V1)


_ELIDED = regex.compile(
    r"((?:[cdjlmnst]|(?:jus|lors|puis|quoi|presque?|quel)?qu"  # French, and what other languages share with it
    r"|un|[dn]?all|[dn]ell|[cds]oll|[ds]ull?|quest|quell|com|dov|gl)')(?=[aeiouyhœæáàâäéèêëíìîïóòôöúùûü])(.+)",
    regex.V1,
)
"""An article or the like that has lost its vowel, as in `l'eau`, `qu'elle`, `dell'arte`, and the word that follows."""
_APOSTROPHE = regex.compile(r"(?<=\p{L}') (?=\p{L})", regex.V1)


def words(sentence: str, by_character: bool = True, elisions: bool = False) -> list[str]:
    """Lower-case words and marks, split at spaces and around punctuation.

    What looks alike is written alike: canonical composition (NFC), letters and digits without the width and the form of
    compatibility characters (NFKC: ａ, ﬁ, ｶﾞ), no character that is not seen.

    Args:
        sentence: the text.
        by_character: whether each character (grapheme) of a script without spaces between words is a word.
        elisions: whether `l'eau` is two words, `l'` and `eau`, however the apostrophe is written.
    """
    found = (_BY_CHARACTER if by_character else _WORD).findall(normalized(sentence))
    return [part for word in found for part in _parted(word)] if elisions else found


def _parted(word: str) -> tuple[str, ...]:
    word = word.replace("’", "'") if len(word) > 1 else word
    elided = _ELIDED.fullmatch(word)
    return elided.groups() if elided else (word,)


def normalized(text: str) -> str:
    """A text in lower case in which what looks alike is alike."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
        text = unicodedata.normalize("NFC", "".join(map(_plain, text)).lower())
    return _CONTROLS.sub("", text.lower())


@cache
def _plain(c: str) -> str:
    """A letter, digit or hyphen without its compatibility form, where that looks like the plain one: not ², ½, ①."""
    if c in "\u2010\u2011":
        return "-"
    if c == _BLANK:
        return " "
    letter = unicodedata.category(c)[0] in "LMN" or " RADICAL " in unicodedata.name(c, "")  # ⼀ is written as 一 is
    alike = letter and unicodedata.decomposition(c).partition(" ")[0] in _ALIKE
    return unicodedata.normalize("NFKC", c) if alike else c


def unspaced(sentences: Sequence[str]) -> tuple[float, bool]:
    """The share of characters in scripts without spaces between words, and whether these stand in one piece.

    They do not where somebody has set spaces between the words: more runs than not have a neighbour on their line
    and they have four characters or fewer on average.
    """
    there = pieces = lines = size = 0
    for sentence in sentences:
        text = normalized(sentence)
        found = [] if text.isascii() else _RUN.findall(text)
        there += sum(not c.isspace() for c in text)
        pieces, lines, size = pieces + len(found), lines + bool(found), size + sum(map(len, found))
    return size / max(1, there), not (pieces >= 2 * lines and size <= 4 * pieces)


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
    """Words as one writes them, without a space before a comma, after `(` or `l'`, or between unspaced characters."""
    tight = _TIGHT.sub(lambda m: m.group(1) or m.group(2), _APOSTROPHE.sub("", " ".join(symbols)))
    return _TOUCHING.sub("", tight)


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
