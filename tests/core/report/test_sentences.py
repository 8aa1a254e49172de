"""Parts of sentences."""

import pytest

from detente.report.sentences import listed


@pytest.mark.parametrize(
    ("names", "text"),
    [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c"), (["a", "b", "c", "d"], "4 arms")],
)
def test_names_are_listed_until_they_are_too_many(names, text):
    assert listed(names, 3, "arms") == text


def test_the_word_before_the_last_name_can_be_another():
    assert listed(["64", "128"], 6, "numbers", "or") == "64 or 128"
