"""The section of settings, breakdowns and combinations of a report."""

import re

from blocks import at_settings
from detente.report.settings import settings_section
from detente.results.verdicts import Verdicts
from pages import EVIL, Page

WIDE, NARROW = {"/8": 0.4, "/2": 0.6, "x2": 0.6, "x8": 0.5}, {"/8": 0.1, "/2": 0.5, "x2": 0.1, "x8": 0.0}


def section(folder, arms, **how) -> Page:
    study, outcomes = at_settings(folder, arms, **how)
    return Page(str(settings_section(study, Verdicts(study, outcomes))))


def test_scores_against_setting_are_drawn_and_listed_with_ranges_and_breakdowns(tmp_path):
    page = section(tmp_path, {"none": NARROW, "r1": WIDE}, seeds=6)
    assert "Every arm was trained at 4 settings" in page.text
    for text in ("lr=/8", "lr=x8", "≥ 6.0", "more than none", "6 of 6 broke down", "half of the best"):
        assert text in page.text
    assert "6 of 24" in page.text and "0 of 24" in page.text
    # Six of six blocks with a breakdown of none alone: 2/64, by draws.
    assert re.search(r"▲ fewer, p \.0(2|3)\d", page.text)
    assert len(page.all("svg")) == 1 and page.all("table")[0]["class"] == "sortable"


def test_no_breakdown_is_said_with_what_it_leaves_open(tmp_path):
    page = section(tmp_path, {"none": WIDE, "r1": WIDE}, seeds=3)
    assert "No run diverged or scored 0. That leaves a rate of up to 24 % open" in page.text  # Wilson, 0 of 12


def test_settings_without_numbers_and_unfinished_studies_have_their_means_alone(tmp_path):
    words = {"resnet": 0.4, "dcgan": 0.5}
    page = section(tmp_path / "words", {"none": words, "r1": words}, key="model")
    assert "model=resnet" in page.text and "0.40" in page.text and "octaves" not in page.text
    page = section(tmp_path / "open", {"none": NARROW, "r1": WIDE}, pending=[("r1", 2)])
    assert "octaves" not in page.text and "Nothing is tested before all runs have ended" in page.text


def test_names_of_strangers_are_only_text(tmp_path):
    study, outcomes = at_settings(tmp_path, {"none": WIDE, EVIL: NARROW})
    page = Page(str(settings_section(study, Verdicts(study, outcomes))))
    assert not page.all("script") and EVIL.partition("\u202e")[0] in page.text
