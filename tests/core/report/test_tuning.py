"""The page of a search."""

import re

import pytest

from detente.report import tuning_report
from pages import Page
from search_folder import write_search

pytestmark = pytest.mark.usefixtures("module_cache")


def test_the_page_of_a_search_lets_nothing_in_and_asks_for_nothing(tmp_path, plain):
    write_search(tmp_path, plain)
    text = tuning_report(tmp_path).read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.all("script")) == 1
    assert "</pre><script>alert(2)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "\u202e" not in text
    assert not re.search(r"https?://|@import|url\(", text)
    assert not [a for _, a in page.tags if "style" in a or any(name.startswith("on") for name in a)]
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in (policy or "")
    for words in (
        "3 trials are complete, 1 pruned, 1 failed or not measured, 1 open",
        "1 of the search's runs diverged",
    ):
        assert words in page.text
    assert "What mattered" in page.text
    assert len([a for a in page.all("svg") if a["class"] == "chart"]) == 2


def test_a_search_that_has_not_begun_has_a_report(tmp_path, plain):
    found = write_search(tmp_path, plain)
    found.record.unlink()
    assert "No trial has finished yet" in tuning_report(tmp_path).read_text(encoding="utf-8")
