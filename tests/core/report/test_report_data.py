"""What a page says of the data: once, for a run and for a study, and only what is known."""

import pytest

from detente.report.data import data_section
from detente.results.facts import DataFacts

INFO = {
    "samples": 44,
    "data": {
        "name": "folder",
        "source": "/home/me/pictures",
        "licence": "yours",
        "notes": ["skipped 1 of 298 files", "all became 32 × 32"],
        "train": 207,
        "held_out": 44,
        "reference": 44,
        "features": 64,
    },
}


def test_a_page_counts_what_trains_and_what_scores_and_tells_what_became_of_files():
    page = str(data_section({"": DataFacts.of(INFO)}))
    assert "207 samples train, 44 are held out, 44 are the reference of scores." in page
    assert "Each evaluation had n = 44, compared in 64 features." in page
    assert page.count("skipped 1 of 298 files") == page.count("all became 32 × 32") == page.count("<h2>Data</h2>") == 1
    assert "<h3>" not in page


def test_a_study_of_several_domains_names_each():
    page = str(data_section({"image": DataFacts.of(INFO), "text": DataFacts.of({"data": {"licence": "CC0"}})}))
    assert "<h3><bdi>image</bdi></h3>" in page and "<h3><bdi>text</bdi></h3>" in page and "Licence: <bdi>CC0" in page


@pytest.mark.parametrize("info", [{}, {"data": {}}, {"data": None}])
def test_where_nothing_is_known_nothing_is_said(info):
    assert data_section({"": DataFacts.of(info)}) == ""


def test_names_of_files_are_no_markup():
    hostile = {"data": {"notes": ["<script>alert(1)</script>"], "source": "<b>"}}
    page = str(data_section({"": DataFacts.of(hostile)}))
    assert "<script>" not in page and "&lt;script&gt;" in page and "<b>" not in page


def test_an_older_record_says_what_it_has():
    assert DataFacts.of({"samples": 750, "data": {"licence": "MIT"}}).counts == "Each evaluation had 750 samples."
    assert DataFacts.of({"data": {"train": 1200, "held_out": 0}}).counts == "1,200 samples train."
