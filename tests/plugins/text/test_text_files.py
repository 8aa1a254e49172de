"""Sentences as a file."""

from pathlib import Path

import pytest

from detente_text.data import Lines
from detente_text.domain import Text
from texts import met


@pytest.mark.parametrize("n", [1, 5, 30])
def test_a_sentence_is_a_line(tmp_path: Path, small: Lines, n: int):
    domain: Text = met(small)
    x = small.held_out()[:n]
    (file,) = domain.save(x, tmp_path)
    assert file.name == "samples.txt"
    assert file.read_text(encoding="utf-8").splitlines() == domain.content(x)["text"] == domain.sentences(x)
    assert len(domain.sentences(x)) == n
