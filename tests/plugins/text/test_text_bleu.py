"""BLEU and self-BLEU, against NLTK."""

import math

import pytest
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from detente_text.bleu import MOST, References, grams, mean_bleu, self_bleu
from texts import real


def test_bleu_agrees_with_nltk_on_real_and_on_broken_sentences(bible):
    references, smooth = real(bible, "reference", 300), SmoothingFunction(epsilon=0.1).method1
    shared = References(references)
    tried = [*real(bible, n=25), references[0], (5, 5, 5, 5, 5, 5), (9,), (1, 1, 1), (), tuple(range(30))]
    for row in tried:
        for n in range(1, MOST + 1):
            expected = sentence_bleu(references, row, [1 / n] * n, smooth)
            assert abs(shared.bleu(row)[n - 1] - expected) < 1e-9


def test_self_bleu_agrees_with_nltk_and_leaves_the_sentence_itself_out(bible):
    rows = [*real(bible, n=30), *real(bible, n=3), (5, 5, 6), (5, 5, 6, 5)]
    smooth = SmoothingFunction(epsilon=0.1).method1
    for n in range(1, MOST + 1):
        each = [sentence_bleu(rows[:i] + rows[i + 1 :], row, [1 / n] * n, smooth) for i, row in enumerate(rows)]
        assert abs(self_bleu(rows)[n - 1] - sum(each) / len(each)) < 1e-9
    assert self_bleu([(2, 3, 4), (5, 6, 7)])[1] == 0, "without itself, nothing is shared"


def test_bleu_on_paper():
    """Of 1 2 3 4 beside 1 2 3 5: shares 3/4, 2/3, 1/2, then a tenth of a match of one, and of one again."""
    found = References([(1, 2, 3, 5)]).bleu((1, 2, 3, 4))
    shares = [3 / 4, 2 / 3, 1 / 2, 0.1, 0.1]
    assert found == pytest.approx([math.prod(shares[:n]) ** (1 / n) for n in range(1, 6)])


def test_a_sentence_that_is_too_short_pays_for_it_and_a_long_one_does_not():
    assert References([(1, 2, 3, 4)]).bleu((1, 2))[0] == pytest.approx(math.exp(1 - 4 / 2))
    assert References([(1, 2)]).bleu((1, 2, 1, 2))[0] == pytest.approx(2 / 4), "each counts as often as there"
    # 3 is as far from 2 as from 4; the shorter one counts.
    assert References([(1, 2), (1, 2, 3, 4)]).bleu((1, 2, 3))[0] == pytest.approx(1)


def test_what_has_nothing_to_compare_with_has_no_score():
    assert len(References([])) == 0
    for found in (References([]).bleu((1, 2)), self_bleu([(1, 2)]), self_bleu([]), mean_bleu([], References([(1,)]))):
        assert len(found) == MOST and all(map(math.isnan, found))


def test_copies_are_each_others_references():
    assert self_bleu([(1, 2, 3, 4, 5)] * 3) == pytest.approx([1] * 5)
    assert self_bleu([(1, 2, 3, 4, 5), (1, 2, 3, 4, 5), (6, 7, 8, 9, 1)])[0] == pytest.approx((1 + 1 + 1 / 5) / 3)


@pytest.mark.parametrize(("sentence", "n", "expected"), [((1, 1, 1), 2, {(1, 1): 2}), ((1,), 2, {}), ((), 1, {})])
def test_grams_are_counted(sentence: tuple[int, ...], n: int, expected: dict[tuple[int, ...], int]):
    assert dict(grams(sentence, n)) == expected
