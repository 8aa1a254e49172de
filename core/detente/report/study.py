"""The report of a study: the question, what can be said of it, and everything that it rests on."""

from pathlib import Path
from typing import Any

from detente.cells import SETTLED, Outcome, Study
from detente.recipe.document import dump
from detente.report.answer import answer, question, status, title
from detente.report.charts import swatch
from detente.report.domains import DomainPart, key
from detente.report.page import render
from detente.verdicts import Verdicts


def study_report(folder: Path) -> Path:
    """Write report.html, and statistics.json beside it, into a study's folder, of what is there by now.

    Raises:
        UsageError: the folder holds no study.
    """
    study = Study.open(folder)
    outcomes = [Outcome.of(cell) for cell in study.cells]
    verdicts = Verdicts(study, outcomes)
    verdicts.write()
    domains = [DomainPart(study, name, outcomes, verdicts) for name in study.domains]
    recipes = [
        (f"{name}: {arm.text}", dump(study.content["recipes"][name][arm.slug]))
        for name in study.domains
        for arm in study.arms
    ]
    return render(
        "study.html",
        study.report,
        study=study,
        title=title(study),
        question=question(study),
        answer=answer(study, verdicts),
        status=status(outcomes),
        verdicts=verdicts,
        domains=domains,
        budgets=[(name, budget(study, name)) for name in study.domains],
        swatch=swatch,
        keys={arm: key(i) for i, arm in enumerate(study.arms)},
        lost=[outcome for outcome in outcomes if outcome.status not in SETTLED or outcome.status == "diverged"],
        recipes=recipes,
        findings=study.content.get("findings", []),
    )


def budget(study: Study, domain: str) -> str:
    """What every arm of a domain gets, in words, and whether it is the same."""
    recipes: list[dict[str, Any]] = [study.content["recipes"][domain][arm.slug] for arm in study.arms]
    keys = {"steps": "steps", "batch": "samples a batch", "critic_steps": "critic updates a step"}
    text = ", ".join(
        f"{listed[0]} {what}" if len(listed) == 1 else f"{' or '.join(listed)} {what} (it differs between arms!)"
        for name, what in keys.items()
        if (listed := list(dict.fromkeys(str(recipe[name]) for recipe in recipes if name in recipe)))
    )
    return f"{text}, {len(study.seeds)} seed{'s' if len(study.seeds) > 1 else ''}"
