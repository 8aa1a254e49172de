"""From strings to word numbers and back."""

import numpy as np
import pytest

from detente_text.vocabulary import (
    PAD,
    SPECIAL,
    UNKNOWN,
    encoded,
    most_frequent,
    restored,
    sentence,
    stored,
    trimmed,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He said: DON'T, well-known!", ["he", "said", ":", "don't", ",", "well-known", "!"]),
        ("cafe\u0301 naïve", ["café", "naïve"]),
        ("ok👍🏽 👩‍👩‍👧…", ["ok", "👍🏽", "👩‍👩‍👧", "…"]),
        ("“это” तुम्हारा\u3000漢字。", ["“", "это", "”", "तुम्हारा", "漢", "字", "。"]),
        ("  \t\n", []),
    ],
)
def test_words_are_lower_case_composed_and_apart_from_marks(text, expected):
    assert words(text) == expected


def test_a_vocabulary_is_special_symbols_then_words_by_frequency_then_alphabet():
    assert most_frequent([["b", "a", "c"], ["c", "<pad>"]], 5) == (*SPECIAL, "c", "a", "b")
    assert most_frequent([["b", "a", "c"], ["c"]], 3) == (*SPECIAL, "c")


def test_encoding_pads_cuts_and_marks_unknown_words():
    tokens = encoded([["c", "z"], [], ["a"] * 5], (*SPECIAL, "a", "c"), 3)
    assert tokens.dtype == np.int16
    assert tokens.tolist() == [[3, UNKNOWN, PAD], [PAD] * 3, [2, 2, 2]]


def test_a_vocabulary_survives_storage():
    vocabulary = (*SPECIAL, "don't", "👩‍👩‍👧", "漢字", "a b")
    assert restored(stored(vocabulary)) == vocabulary


def test_a_sentence_is_written_with_its_marks_where_they_belong():
    assert sentence(["(", "well", ")", ",", "said", "“", "he", "”", "."]) == "(well), said “he”."


@pytest.mark.parametrize(
    ("row", "kept"),
    [([2, 3, 0, 4], (2, 3)), ([0, 5], ()), ([2, 3], (2, 3)), ([], ()), ([1, 1, 0, 0], (1, 1))],
)
def test_what_stands_after_the_first_padding_is_no_part_of_a_sentence(row: list[int], kept: tuple[int, ...]):
    assert trimmed([row, row]) == [kept, kept]


def test_what_a_sentence_is_written_as_is_read_as_the_same_words():
    for text in ("it was a well-known (and small) hill; he said so.", "don't!", "“why” … so"):
        assert words(sentence(words(text))) == words(text)
