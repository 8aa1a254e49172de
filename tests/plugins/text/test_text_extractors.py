"""The shipped network that reads words by their letters."""

import zlib

import pytest
import torch

from detente_text import extractors
from detente_text.vocabulary import PAD, SPECIAL


def test_equal_sentences_have_equal_features_under_another_vocabulary():
    a, b = (*SPECIAL, "the", "cat", "sees"), (*SPECIAL, "sees", "dog", "cat", "the")
    one = extractors.Reader(a)(torch.tensor([[2, 3, 4, PAD]]))
    other = extractors.Reader(b)(torch.tensor([[5, 4, 2]]))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)  # sums of other lengths


def test_the_extractor_tells_the_kinds_as_its_record_says():
    accuracy = extractors.FROZEN.record("sentences")["accuracy"]
    assert accuracy["kind"] > 0.5 and accuracy["kind, shuffled"] > 0.7 and accuracy["hidden word"] > 0.15


def test_a_word_is_known_by_itself_and_by_its_runs_of_three_to_five_letters():
    grams = ["cat", "<ca", "cat", "at>", "<cat", "cat>", "<cat>"]
    assert extractors.buckets_of("cat", 1000) == [zlib.crc32(gram.encode()) % 1000 for gram in grams]
    assert extractors.buckets_of("a", 1 << 32) == [zlib.crc32(b"a"), zlib.crc32(b"<a>")]
    assert len(extractors.buckets_of("\ud800", 50)) == 2, "a half of a pair of surrogates is a letter, too"


@pytest.mark.parametrize(
    ("row", "there"),
    [([2, 3, PAD, PAD], [1, 1, 0, 0]), ([2, PAD, 3, 4], [1, 0, 0, 0]), ([PAD] * 4, [0] * 4), ([2, 2, 2, 2], [1] * 4)],
)
def test_words_stand_before_the_first_padding(row: list[int], there: list[int]):
    assert extractors.words_of(torch.tensor([row])).int().tolist() == [there]


def test_features_are_those_of_each_sentence_alone():
    read = extractors.Reader((*SPECIAL, "the", "cat", "sees"))
    tokens = torch.tensor([[2, 3, 4], [4, 0, 0], [0, 0, 0], [3, 3, 3]])
    together = read(tokens)
    assert together.shape == (4, extractors.extractor().width) and together.isfinite().all()
    torch.testing.assert_close(together, read(tokens, batch=1), rtol=1e-5, atol=1e-5)
    assert read(tokens[:0]).shape == (0, extractors.extractor().width)


def test_the_network_is_loaded_once_ready_to_be_asked():
    net = extractors.extractor()
    assert net is extractors.extractor()
    assert not net.training and not any(p.requires_grad for p in net.parameters())


def test_words_that_look_alike_are_near_each_other():
    net = extractors.extractor()
    one, like, unlike = net.vectors(["walking", "walked", "jupiter"])
    cosine = torch.nn.functional.cosine_similarity
    assert cosine(one, like, dim=0) > cosine(one, unlike, dim=0) + 0.1
