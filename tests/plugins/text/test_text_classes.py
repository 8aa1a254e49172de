"""Classes of sentences by their lengths: what is counted, where it is cut, what a user reads of it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from detente import UsageError
from detente_text.classes import lengths
from detente_text.data import BibleBBE, Glosses, Lines
from texts import lines


def test_a_length_counts_words_up_to_the_first_padding():
    tokens = np.array([[5, 4, 3], [5, 4, 0], [0, 4, 3], [5, 0, 3], [1, 1, 1]], np.int16)
    assert lengths(tokens).tolist() == [3, 2, 0, 1, 3]


def test_clauses_are_labelled_by_their_lengths_and_are_the_same_clauses(bible: BibleBBE):
    of = BibleBBE(condition="length")
    assert of.cut is not None and of.space.classes == 3 and of.space.leaves == bible.space.leaves
    assert bible.labels is None and bible.space.classes is None and bible.identity != of.identity
    assert of.labels is not None and np.array_equal(of.tokens("train"), bible.tokens("train"))
    counted = [sum(word > 0 for word in row) for row in of.tokens("train").tolist()]
    assert of.labels.tolist() == of.cut.classes(np.array(counted)).tolist()
    shares = of.labels.bincount() / len(of)
    assert len(shares) == 3 and shares.min() > 0.25 and shares.max() < 0.42
    held_out, labels = of.tokens("held_out")[:50], of.real_labels(50)
    assert labels is not None and labels.tolist() == of.cut.classes(lengths(held_out)).tolist()
    said = f"Classes of length: {of.cut.said()}; "
    assert of.notes[-1].startswith(said) and of.notes[-1].endswith(" sentences to train on.")
    assert of.cut.said() in of.description and of.cut.said() not in BibleBBE.description
    batch = of.batch(torch.tensor([7, 3]))
    assert batch.labels is not None and batch.labels.tolist() == of.labels[[7, 3]].tolist()


def test_every_set_of_sentences_takes_classes_and_as_many_as_it_is_told(tmp_path: Path):
    assert Glosses(condition="length", bins=5).space.classes == 5
    content = "\n".join(f"{'one two three four five six'[: 4 + 4 * (k % 5)].strip()} n{k}" for k in range(300))
    two = lines(tmp_path, content, vocabulary=400, length=8, condition="length", bins=2)
    assert two.space.classes == 2 and isinstance(two, Lines)


def test_sentences_of_one_length_and_of_too_few_lengths_are_refused(tmp_path: Path):
    alike = "\n".join(f"a b n{k}" for k in range(50))
    with pytest.raises(UsageError, match=r"length: all sentences to train on have the length 3, .* another condition"):
        lines(tmp_path, alike, vocabulary=100, length=4, condition="length")
    with pytest.raises(UsageError, match=r"data\.bins=3: length has only 2 different values .* data\.bins=2"):
        lines(tmp_path, alike + "\na b c d", vocabulary=100, length=4, condition="length")
