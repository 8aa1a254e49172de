"""No row of sentences is made of the same ones twice."""

import math
from pathlib import Path

import pytest

from detente import Evaluation, Stream
from detente.training.evaluation import sample_count
from detente_text import metrics
from detente_text.data import Lines
from detente_text.domain import Text

NOUNS = ("cat", "dog", "bird", "tree", "house", "river", "road")
WORDS = (*NOUNS, "the", "a", "sees", "hears", "likes", "wants", "red", "blue", "old", "young")


@pytest.fixture(scope="module", autouse=True)
def a_cache_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    path: Path = tmp_path_factory.mktemp("text") / "lines.txt"
    n = len(WORDS)
    path.write_text("\n".join(" ".join(WORDS[(i * k + k) % n] for k in (1, 2, 3, 5)) + f" {WORDS[i // n % n]}"
                              for i in range(n * n)))  # fmt: skip
    return Lines(str(path), vocabulary=40, length=8)


def met(data: Lines) -> Text:
    domain = Text()
    domain.meet(data.space)
    return domain


@pytest.mark.parametrize("wanted", [1000, 10_000, None])
def test_self_bleu_uniqueness_and_recall_of_real_sentences_do_not_depend_on_how_many_are_asked_for(lines, wanted):
    domain = met(lines)
    n = sample_count(domain, lines, wanted)
    real = lines.real(wanted or domain.sample_count)
    assert (
        n
        == len(real)
        == len(lines.tokens("held_out"))
        == len({tuple(row) for row in lines.tokens("held_out").tolist()})
    )
    found = Evaluation(real, lines, domain, Stream(0))
    assert metrics.Uniqueness()(found)["uniqueness"] == 1
    once = metrics.SelfBLEU()(Evaluation(lines.held_out(), lines, domain, Stream(0)))
    assert metrics.SelfBLEU()(found) == once
    twice = Evaluation(lines.held_out().repeat(2, 1, 1), lines, domain, Stream(0))
    assert metrics.SelfBLEU()(twice)["self-bleu-2"] == pytest.approx(1) and once["self-bleu-2"] < 1


def test_novelty_of_data_that_are_no_sentences_is_unknown(lines):
    class Foreign:
        space, identity = lines.space, "foreign"

    found = metrics.Uniqueness()(Evaluation(lines.real(5), Foreign(), met(lines), Stream(0)))  # type: ignore[arg-type]
    assert found["uniqueness"] == 1 and math.isnan(found["novelty"])
