"""Sets of sentences, their splits, and what is said of a file."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from detente import Batch, UsageError
from detente_text import metrics, sources
from detente_text.data import BibleBBE, Lines, prepared
from detente_text.vocabulary import PAD, UNKNOWN
from texts import SPLITS, WORDS, evaluation, lines, met


def test_bible_clauses_have_4_to_16_known_words_of_2000(bible):
    assert len(bible) == 10_000 and len(bible.vocabulary) == 2000
    assert {split: len(bible.tokens(split)) for split in SPLITS} == {
        "train": 10_000, "extractor": 11_332, "held_out": 1000, "reference": 2000
    }  # fmt: skip
    for split in ("train", "held_out", "reference"):
        tokens = bible.tokens(split)
        assert tokens.dtype == np.int16 and not (tokens == UNKNOWN).any()
        count = (tokens != PAD).sum(1)
        assert count.min() >= 4 and count.max() <= 16
        assert ((tokens == PAD).argmax(1)[count < 16] == count[count < 16]).all(), "padding stands at the end"
    assert bible.description and bible.licence and bible.source


def test_splits_share_no_sentence(bible, small):
    for data in (bible, small):
        rows = {split: {row.tobytes() for row in data.tokens(split)} for split in ("train", "held_out", "reference")}
        rows["extractor"] = {r.tobytes() for r in data.tokens("extractor") if not (r == UNKNOWN).any()}
        assert sum(map(len, rows.values())) == len(set().union(*rows.values()))
        assert all(rows.values())


def test_batches_are_one_hot_and_name_their_words(bible):
    x = bible.batch(torch.tensor([0, 7])).x
    assert isinstance(x, Tensor) and x.shape == (2, 16, 2000) and x.dtype == torch.float32
    assert (x.sum(-1) == 1).all() and set(x.unique().tolist()) == {0.0, 1.0}
    (leaf,) = bible.space.leaves
    assert leaf.channel_axis == -1 and leaf.symbols == bible.vocabulary


def test_batches_are_what_the_game_takes(small):
    assert isinstance(small.batch(torch.arange(2)), Batch)


def test_the_second_time_data_come_from_the_cache_with_the_same_identity(bible, monkeypatch):
    monkeypatch.setattr(sources, "clauses", lambda module: pytest.fail("read again"))
    assert BibleBBE().identity == bible.identity
    with pytest.raises(BaseException, match="read again"):
        BibleBBE(vocabulary=1900)


def test_neither_order_nor_repetition_of_lines_changes_the_splits():
    texts = [f"{a} {b} {c}" for a in WORDS[:8] for b in WORDS[:8] for c in WORDS[:4]]
    one = prepared("x", texts, 20, 1, 4, None)
    other = prepared("x", [*texts[::-1], *texts[:50]], 20, 1, 4, None)
    assert one.sizes == other.sizes
    assert all((one.arrays[name] == other.arrays[name]).all() for name in one.arrays)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \r\n\t\n", "is empty"),
        ("cafés\n".encode("latin-1"), r"is not utf-8: byte 0xe9 .*data\.encoding"),
        ("a few words\n".encode("utf-16-le"), "UTF-16 without a byte-order mark"),
        (b"word " * 100_000, "none of the 1 sentences has 1 to 16 words"),
    ],
)
def test_a_file_that_cannot_train_says_why(tmp_path, content, message):
    with pytest.raises(UsageError, match=message):
        lines(tmp_path, content)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"does not exist; set data\.path"):
        Lines(str(tmp_path / "none.txt"))
    with pytest.raises(UsageError, match="is unknown"):
        lines(tmp_path, b"a b c", encoding="utf-99")
    with pytest.raises(UsageError, match="vocabulary=2"):
        lines(tmp_path, b"a b c", vocabulary=2)


def test_windows_line_ends_a_byte_order_mark_and_a_long_line_do_no_harm(tmp_path):
    data = lines(tmp_path, "\ufeffone two\r\n\r\nthree 👩‍👩‍👧 four\r\n".encode() + b"word " * 100_000 + b"\r\nlast one")
    assert sorted(met(data).sentences(data.batch(torch.arange(3)).x)) == ["last one", "one two", "three 👩‍👩‍👧 four"]
    assert any("3 are different" in note for note in data.notes)


def test_a_file_of_one_line_trains_on_it_and_says_what_is_left_out(tmp_path):
    data = lines(tmp_path, "just one line")
    assert len(data) == 1 and len(data.tokens("reference")) == 0
    assert any("too few" in note for note in data.notes)
    scores = {}
    for metric in (metrics.BLEU(), metrics.SelfBLEU(), metrics.Uniqueness(), metrics.Fluency()):
        scores |= metric(evaluation([(2, 3)], data))
    assert math.isnan(scores["bleu-2"]) and math.isnan(scores["fluency"]) and scores["uniqueness"] == 1
