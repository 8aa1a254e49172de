"""The report of a study: the question, what can be said of it, and everything that it rests on."""

from pathlib import Path

from detente.recipe.document import dump
from detente.report.answer import answer, question, status, title
from detente.report.arms import heat, key
from detente.report.charts import swatch
from detente.report.data import data_section
from detente.report.domains import DomainPart
from detente.report.page import render
from detente.report.references import baseline_sentence, reference_rows
from detente.report.settings import settings_section
from detente.results.best import sampling
from detente.results.cells import SETTLED
from detente.results.facts import facts_of
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.verdicts import Verdicts


def study_report(folder: Path) -> Path:
    """Write report.html, and statistics.json beside it, into a study's folder, of what is there by now.

    Raises:
        UsageError: the folder holds no study, or one of which too much is damaged.
    """
    study = Study.open(folder, damaged=True)
    outcomes = [Outcome.of(cell) for cell in study.cells]
    verdicts = Verdicts(study, outcomes)
    verdicts.write()
    domains = [DomainPart(study, name, outcomes, verdicts) for name in study.domains]
    recipes = [
        (f"{name}: {arm.text}", dump(recipe)) for name in study.domains for arm, recipe in study.recipes(name).items()
    ]
    return render(
        "study.html",
        study.report,
        study=study,
        title=title(study),
        question=question(study),
        answer=answer(study, verdicts),
        baselines=[said for d in study.domains if (said := baseline_sentence(study, d, outcomes))],
        references=reference_rows(study, outcomes),
        heat=heat,
        sampling=sampling,
        settings=settings_section(study, verdicts),
        status=status(outcomes),
        verdicts=verdicts,
        domains=domains,
        budgets=[(name, study.budget(name)) for name in study.domains],
        swatch=swatch,
        keys={arm: key(i) for i, arm in enumerate(study.arms)},
        lost=[outcome for outcome in outcomes if outcome.status not in SETTLED or outcome.status == "diverged"],
        recipes=recipes,
        data=data_section({name: facts_of(outcomes, name) for name in study.domains}),
        findings=study.content.get("findings", []),
        damaged=[*study.damaged, *(text for outcome in outcomes for text in outcome.damaged)],
    )
