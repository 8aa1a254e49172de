"""The page of a selection."""

import pytest

from choices import LEVELS, content, written
from detente.report.choice import choice_report
from detente.results.choice import Choice
from pages import EVIL, Page, write_cell


@pytest.mark.parametrize("most", [0, 2, 12, 26, 1000])
def test_the_page_begins_with_the_recommendation_and_how_to_be_surer(most: int, tmp_path):
    choice = written(tmp_path / "x", LEVELS, most)
    text = Page(choice_report(choice.folder).read_text(encoding="utf-8")).text
    begun = " ".join(text[text.rindex("Which regularizer suits pair?") :].split())
    wanted = "Use “b” for pair: after 20 steps on" if most == 1000 else f"Not finished: {most} of 40 runs are done"
    assert begun.startswith(f"Which regularizer suits pair? {wanted}")
    assert ("To be surer, compare the two" if most == 1000 else "To go on: detente resume") in begun


def test_evidence_ties_and_what_was_not_tried_are_on_the_page(tmp_path):
    choice = written(tmp_path / "x", {**LEVELS, "c": -1})
    page = Page(choice_report(choice.folder).read_text(encoding="utf-8"))
    assert "out: no luck" in page.text and "dropped after round 2" in page.text and "chosen" in page.text
    assert "is refused" in page.text
    assert len([tag for tag, attributes in page.tags if tag == "section" and attributes.get("id")]) >= 4


def test_what_a_stranger_named_is_shown_as_text(tmp_path):
    names = [{"text": EVIL, "slug": "a", "family": EVIL}]
    choice = Choice(tmp_path / "x", content(candidates=names, commands=[[EVIL]], untried=[{"text": EVIL, "why": EVIL}]))
    choice.write()
    while open_ := [cell for cell, _ in choice.runs() if choice.score(cell) is None]:
        for cell in open_:
            write_cell(
                cell, "finished", (0.6 if cell.arm.slug == "a" else 0.5,), content=b"</pre><script>alert(2)</script>"
            )
    text = choice_report(choice.folder).read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "alert(1)" in Page(text).text


def test_a_page_of_what_is_left_of_a_damaged_folder_says_what_is_missing(tmp_path):
    choice = written(tmp_path / "x", LEVELS)
    damaged = choice.content["recipes"]
    del damaged["c"]
    choice.write()
    assert "recipes.c: is missing" in Page(choice_report(choice.folder).read_text(encoding="utf-8")).text
