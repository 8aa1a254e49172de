"""What several test modules of text start from."""

import random

import pytest

from detente_text.data import BibleBBE, Lines
from detente_text.domain import Text
from texts import WORDS, lines, met


@pytest.fixture(scope="module")
def bible(one_thread_and_a_cache_of_our_own: None) -> BibleBBE:
    """Clauses, as they are by default."""
    return BibleBBE()


@pytest.fixture(scope="module")
def domain(bible: BibleBBE) -> Text:
    """The domain that has met them."""
    return met(bible)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, one_thread_and_a_cache_of_our_own: None) -> Lines:
    """Four hundred lines of fifteen words, with a vocabulary of them all and a length of 6."""
    draws = random.Random(0)
    rows = (" ".join(draws.choices(WORDS, k=draws.randint(2, 5))) for _ in range(400))
    return lines(tmp_path_factory.mktemp("small"), "\n".join(rows), vocabulary=20, length=6)
