"""The language model, on paper."""

import math

import pytest

from detente_text.fluency import BEGIN, END, KneserNey
from texts import real


def test_kneser_ney_sums_to_one_after_any_words(bible):
    model = KneserNey(real(bible, "extractor", 500), 2000)
    for context in ((5, 7), (1999, 1999), (-2, -2), (-2, 4)):
        total = math.fsum(model.probability((*context, w)) for w in (*range(2000), END))
        assert total == pytest.approx(1, abs=1e-9)  # 2,001 numbers are added


def test_kneser_ney_on_paper():
    """Of "a b" and "a c": (begin a) occurs twice, (a b), (a c), (b end), (c end) once, so D = 4/(4 + 2) = 2/3.

    Before b and c and a stands one word each, before the end two, so below D = 3/(3 + 2) = 3/5.
    """
    a, b, c = range(3)
    model = KneserNey([(a, b), (a, c)], 3, order=2)
    uniform = 1 / 4
    below = (1 - 3 / 5) / 5 + 3 / 5 * 4 / 5 * uniform
    assert model.probability((a, b)) == pytest.approx((1 - 2 / 3) / 2 + 2 / 3 * 2 / 2 * below)
    assert model.probability((b, a)) == pytest.approx(2 / 3 * below)
    assert model.mean_surprise([(a, b), (a, b)]) == pytest.approx(model.surprise((a, b))[0] / 3)


def test_a_word_that_never_occurred_costs_less_than_infinity_and_no_sentences_have_no_score():
    model = KneserNey([(0, 1), (0, 2)], 5)
    assert 0 < model.probability((3, 4, 4)) < model.probability((3, 0, 1))
    assert math.isnan(model.mean_surprise([]))
    assert math.isfinite(model.mean_surprise([(4, 4, 4)]))


def test_the_end_of_a_sentence_counts_as_a_word():
    model = KneserNey([(0, 1), (0, 2), (1,)], 3)
    total, words = model.surprise((0, 1))
    assert words == 3
    grams = [(BEGIN, BEGIN, 0), (BEGIN, 0, 1), (0, 1, END)]
    assert total == pytest.approx(-sum(math.log(model.probability(gram)) for gram in grams))
    assert model.surprise(())[1] == 1


def test_without_any_text_every_word_and_the_end_are_alike():
    assert KneserNey([], 9).probability((3, 4, 5)) == pytest.approx(1 / 10)
    assert KneserNey([], 9).mean_surprise([(1, 2), ()]) == pytest.approx(math.log(10))
