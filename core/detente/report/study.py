"""The report of a study: the question, the answer as a picture, and everything that it rests on."""

from collections.abc import Callable
from pathlib import Path

from detente.files import read_text
from detente.report.answer import answer, question, status, title
from detente.report.arms import heat
from detente.report.charts import swatch
from detente.report.data import data_section
from detente.report.findings import merged
from detente.report.first import first_rows
from detente.report.page import embedded, fragment, link, render
from detente.report.payload import payload
from detente.report.recipe_table import recipes_of
from detente.report.references import baseline_sentence, reference_rows
from detente.report.score_table import score_rows
from detente.report.section import Results, Section
from detente.report.settings import settings_section
from detente.report.words import decided, difference, more, verdict
from detente.results.cells import SETTLED
from detente.results.facts import facts_of
from detente.results.study import Study


def damaged(results: Results) -> Section | None:
    """What of the folder cannot be used."""
    return _section("damaged", "", sentences=results.damaged) if results.damaged else None


def overview(results: Results) -> Section:
    """Arms × domains as a heat map, with the reference rows."""
    references = reference_rows(results.study, results.outcomes)
    return _section("overview", "Overview", r=results, references=references, **_HELP)


def overall(results: Results) -> Section | None:
    """Every arm over all domains."""
    return _section("overall", "All domains", r=results, **_HELP) if results.verdicts.overall else None


def settings(results: Results) -> Section | None:
    """Score against setting, breakdowns, interactions."""
    body = settings_section(results.study, results.verdicts)
    return Section(body, [("settings", "Settings" if results.study.settings else "Breakdowns")]) if body else None


def data(results: Results) -> Section | None:
    """What was trained and scored on."""
    body = data_section({name: facts_of(results.outcomes, name) for name in results.study.domains})
    return Section(body, [("data", "Data")]) if body else None


def domains(results: Results) -> Section:
    """Each domain: curves, differences, samples, seeds, stability, scores."""
    parts = [(domain, score_rows(domain)) for domain in results.domains]
    links = [(f"domain-{i}", domain.name) for i, domain in enumerate(results.domains, 1)]
    return Section(fragment("domains.html", r=results, parts=parts, **_HELP), links)


def lost(results: Results) -> Section | None:
    """Runs without a result, and why."""
    found = [o for o in results.outcomes if o.status not in SETTLED or o.status == "diverged"]
    return _section("lost", "", outcomes=found) if found else None


def findings(results: Results) -> Section | None:
    """Problems that were found before training."""
    study = results.study
    found = merged(study.content.get("findings", []), [arm.text for arm in study.arms], study.domains)
    return _section("findings", "Findings", found=found) if found else None


def made(results: Results) -> Section:
    """Budget, commands, versions, recipes."""
    study = results.study
    recipes = [found for name in study.domains if (found := recipes_of(study, name))]
    budgets = [(name, study.budget(name)) for name in study.domains]
    return _section("made", "How this was made", study=study, recipes=recipes, budgets=budgets, csv=_csv(study))


SECTIONS: tuple[Callable[[Results], Section | None], ...] = (
    damaged,
    overview,
    overall,
    settings,
    domains,
    lost,
    findings,
    data,
    made,
)
"""A study's page below its answer, in this order. A section that has nothing to say gives None."""

_HELP = {
    "swatch": swatch,
    "heat": heat,
    "verdict": verdict,
    "decided": decided,
    "difference": difference,
    "more": more,
}


def study_report(folder: Path) -> Path:
    """Write report.html, and statistics.json beside it, into a study's folder, of what is there by now.

    Raises:
        UsageError: the folder holds no study, or one of which too much is damaged.
    """
    study = Study.open(folder, damaged=True)
    results = Results.of(study)
    results.verdicts.write()
    sections = [section for make in SECTIONS if (section := make(results))]
    return render(
        "study.html",
        study.report,
        ("study.js", "pictures.js", "duel.js"),
        r=results,
        title=title(study),
        question=question(study),
        answer=answer(study, results.verdicts),
        first=first_rows(results.domains, results.verdicts),
        baselines=[said for d in study.domains if (said := baseline_sentence(study, d, results.outcomes))],
        status=status(results.outcomes),
        lost=any(o.status not in SETTLED or o.status == "diverged" for o in results.outcomes),
        sections=sections,
        data=embedded(payload(results)),
        **_HELP,
    )


def _section(name: str, text: str, **values: object) -> Section:
    return Section(fragment(f"{name}.html", **values), [(name, text)] if text else [])


def _csv(study: Study) -> str:
    """results.csv as an address; empty where there is none."""
    return link(read_text(study.results), "text/csv") if study.results.is_file() else ""
