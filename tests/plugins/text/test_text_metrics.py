"""The field's measures of sentences."""

import random

import pytest
import torch

from detente import Evaluation
from detente_text import metrics
from detente_text.bleu import References, mean_bleu
from detente_text.data import one_hot
from detente_text.vocabulary import PAD
from texts import evaluation, met, real


def test_every_reference_is_used(bible):
    e = evaluation(real(bible), bible)
    found = metrics.BLEU()(e)
    assert found["bleu-references"] == 2000
    assert found["bleu-4"] == pytest.approx(mean_bleu(real(bible), References(real(bible, "reference", 2000)))[3])
    assert found["bleu-4"] > mean_bleu(real(bible), References(real(bible, "reference", 200)))[3]


def test_uniqueness_and_novelty_count_sentences(small):
    known = real(small, "train", 2)
    found = metrics.Uniqueness()(evaluation([known[0], known[0], known[1], (2, 2, 2, 2, 2)], small))
    assert found == {"uniqueness": 0.75, "novelty": 0.25}


def test_fluency_prefers_real_sentences_to_shuffled_ones(bible):
    rows, draws = real(bible, n=200), random.Random(0)
    fluency = metrics.Fluency()
    straight = fluency(evaluation(rows, bible))["fluency"]
    shuffled = fluency(evaluation([tuple(draws.sample(r, len(r))) for r in rows], bible))["fluency"]
    assert 3 < straight < 4.5 and shuffled > straight + 1.5


def test_what_stands_behind_the_end_and_how_much_padding_follows_changes_no_score(small):
    rows = [row for row in real(small) if len(row) < 5]
    plain, longer = evaluation(rows, small), evaluation(rows, small, 9)
    tokens = plain.samples.argmax(-1)
    tokens[:, -1] = torch.where(tokens[:, -2] == PAD, 7, tokens[:, -1])
    junk = Evaluation(one_hot(tokens, len(small.vocabulary)), small, met(small))
    assert not torch.equal(junk.samples, plain.samples)
    for metric in (metrics.BLEU(), metrics.SelfBLEU(), metrics.Uniqueness(), metrics.Fluency()):
        assert metric(plain) == metric(longer) == metric(junk)
    torch.testing.assert_close(plain.features, longer.features, rtol=0, atol=1e-6)  # sums of other lengths
    assert torch.equal(plain.features, junk.features)
