"""What pages say of data comes from run.json, and nothing is said that it does not say."""

import pytest

from detente.results.facts import DataFacts

DATA = {"name": "folder", "source": "your files", "licence": "yours", "notes": ["2 files were skipped."]}


@pytest.mark.parametrize(
    ("counts", "samples", "said"),
    [
        ({"train": 1200}, None, "1,200 samples train."),
        (
            {"train": 70, "held_out": 15, "reference": 15},
            None,
            "70 samples train, 15 are held out, 15 are the reference",
        ),
        (
            {"train": 70, "held_out": 15, "reference": 15, "features": 48},
            15,
            "Each evaluation had n = 15, compared in 48 features.",
        ),
        (
            {"train": 70, "held_out": 0, "reference": 0, "features": 48},
            40,
            "70 samples train. Each evaluation had n = 40.",
        ),
    ],
)
def test_counts_are_a_sentence(counts: dict, samples: int | None, said: str) -> None:
    facts = DataFacts.of({"data": DATA | counts, "samples": samples})
    assert said in facts.counts and facts.notes == ("2 files were skipped.",)
    assert (facts.name, facts.source, facts.licence) == ("folder", "your files", "yours")


@pytest.mark.parametrize("info", [{}, {"data": None}, {"data": {}}])
def test_a_record_that_says_nothing_has_no_facts(info: dict) -> None:
    assert not DataFacts.of(info)


def test_a_record_of_before_says_how_many_samples_an_evaluation_had() -> None:
    assert DataFacts.of({"samples": 1000, "data": {"licence": "CC0"}}).counts == "Each evaluation had 1,000 samples."
