"""A page is a list of sections, each a function of the results."""

from markupsafe import Markup

from detente.report import study as module
from detente.report import study_report
from detente.report.section import Results, Section
from pages import Page, write_cell, write_study


def test_a_section_more_stands_where_the_list_has_it_and_in_the_navigation(tmp_path, monkeypatch):
    study = write_study(tmp_path, seeds=[0, 1])
    for cell in study.cells:
        write_cell(cell, "finished")
    given: list[Results] = []

    def own(results: Results) -> Section:
        given.append(results)
        return Section(Markup('<section id="own"><h2>My own</h2></section>'), [("own", "My own")])

    monkeypatch.setattr(module, "SECTIONS", (lambda _: None, *module.SECTIONS[:2], own, *module.SECTIONS[2:]))
    page = Page(study_report(tmp_path).read_text(encoding="utf-8"))
    assert {"href": "#own"} in page.all("a")
    assert page.text.index("My own", page.text.index("Overview\nScaled")) < page.text.index("Stability and cost")
    (results,) = given
    assert [domain.name for domain in results.domains] == ["pair"] and results.many and len(results.outcomes) == 4


def test_sections_without_anything_to_say_are_not_there(tmp_path):
    study = write_study(tmp_path, seeds=[0])
    for cell in study.cells:
        write_cell(cell, "finished")
    anchors = [attributes.get("id") for attributes in Page(study_report(tmp_path).read_text("utf-8")).all("section")]
    assert [anchor for anchor in anchors if anchor not in ("settings",)] == ["answer", "overview", "domain-1", "made"]
