"""Which sentences train: a vocabulary and a length that lines need, splits that share no sentence, and what is said."""

import numpy as np
import pytest

from detente import UsageError
from detente_text.preparing import SPLITS, TENTH, enough, prepared, rarest
from detente_text.vocabulary import UNKNOWN

NAMES = [f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]
LINES = [f"{first} meets {second}" for first in NAMES for second in NAMES[:6]]


@pytest.mark.parametrize(
    ("needed", "size"),
    [([3] * 9 + [900], 10), ([3] * 8 + [900, 900], 1000), ([5000] * 10, 1000), ([10] * 10, 10)],
)
def test_a_size_is_enough_that_nine_tenths_are_content_with(needed: list[int], size: int) -> None:
    assert enough(needed, (10, 100, 1000)) == size


def test_the_rarest_word_says_how_large_a_vocabulary_a_sentence_needs() -> None:
    small, large = rarest([["a", "a"], ["a", "b"]])
    assert small < large


@pytest.mark.parametrize(("reserved", "shares"), [(None, (0.5, 0.25, 0.1, 0.15)), (TENTH, (0.9, 0.02, 0.04, 0.04))])
def test_the_splits_have_their_shares_and_no_sentence_is_in_two(reserved, shares) -> None:
    made = prepared("mine", LINES, 200, 1, 5, None, reserved=reserved)
    sizes = [made.sizes[split] for split in SPLITS]
    assert sizes == pytest.approx([share * len(LINES) for share in shares], abs=4)
    rows = {tuple(row) for row in made.arrays["tokens"].tolist()}
    assert len(rows) == len(LINES) == sum(sizes)


def test_training_sentences_have_no_unknown_word() -> None:
    made = prepared("lines", LINES, 60, 1, 5, None)
    train = made.arrays["tokens"][made.rows("train")]
    assert len(train) and not (train == UNKNOWN).any()
    (note,) = [note for note in made.notes if "lines train" in note]
    assert note.startswith(f"lines: {len(train):,} of {len(LINES):,} lines train.") and "words would bring" in note


def test_what_is_left_of_a_size_trains_the_extractor() -> None:
    made = prepared("mine", LINES, 200, 1, 5, 50)
    assert made.sizes["train"] == 50 and sum(made.sizes.values()) == len(LINES)


def test_the_same_sentence_in_other_characters_is_kept_once() -> None:
    made = prepared("mine", [*LINES, "x² meets ak", "x2 meets ak", "x² meets ak"], 300, 1, 5, None)
    assert len(made.arrays["tokens"]) == len(LINES) + 1


@pytest.mark.parametrize(
    ("lines", "vocabulary", "said"),
    [
        (["one two three four five six"] * 3, 100, "none of the 3 sentences has 1 to 5 words"),
        ([f"{name} {name}x" for name in NAMES], 3, "every sentence has a word outside a vocabulary"),
    ],
)
def test_a_text_of_which_nothing_is_left_is_refused_with_the_option(lines, vocabulary, said) -> None:
    with pytest.raises(UsageError, match=said):
        prepared("mine", lines, vocabulary, 1, 5, None)


def test_few_sentences_all_train() -> None:
    made = prepared("lines", LINES[:60], None, 1, None, None)
    assert made.sizes == {"train": 60, "extractor": 0, "held_out": 0, "reference": 0}
    assert any("too few for a held-out split" in note for note in made.notes)
    assert made.arrays["tokens"].dtype.kind in "iu" and isinstance(made.arrays["tokens"], np.ndarray)
