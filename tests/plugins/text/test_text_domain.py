"""The domain of text: its distances, its baseline and its previews."""

import itertools

import pytest
import torch

from detente import Evaluation, Leaf, Space, UsageError
from detente_text import metrics
from detente_text.data import one_hot
from detente_text.domain import Text
from detente_text.vocabulary import PAD, words
from seeded import seeded
from texts import real


def test_features_tell_shuffled_sentences_and_drawn_bigrams_from_real_ones(bible, domain):
    from detente.domains.metrics import frechet_distance

    reference = domain.reference_features(bible)
    held_out = bible.held_out()
    draws = seeded()
    tokens = held_out.argmax(-1)
    count = (tokens != PAD).sum(1)
    shuffled = torch.stack(
        [torch.cat([t[torch.randperm(int(c), generator=draws)], t[c:]]) for t, c in zip(tokens, count, strict=True)]
    )
    bigrams = domain.features(domain.baseline(bible, 1000, draws)).double()
    ceiling, middle, floor = (
        frechet_distance(f, reference)
        for f in (
            domain.features(held_out).double(), bigrams, domain.features(one_hot(shuffled, 2000)).double()
        )
    )  # fmt: skip
    assert 5 * ceiling < middle < floor


def test_previews_are_sentences_a_line_each(domain, bible, tmp_path):
    domain.preview(bible.batch(torch.arange(8)).x, tmp_path / "x.txt")
    written = (tmp_path / "x.txt").read_text(encoding="utf-8").splitlines()
    assert len(written) == 8 and all(4 <= len(words(line)) <= 16 for line in written)


def test_the_baseline_follows_the_bigrams_of_the_data(domain, bible):
    x = domain.baseline(bible, 300, seeded())
    pairs = {p for row in real(bible, "train", 10_000) for p in itertools.pairwise(row)}
    rows = metrics.samples(Evaluation(x, bible, domain))
    assert all(p in pairs for row in rows for p in itertools.pairwise(row))
    assert len(set(rows)) > 250


def test_text_needs_a_space_that_names_its_symbols():
    with pytest.raises(UsageError, match="names its symbols"):
        Text().meet(Space((Leaf((4, 5)),)))
