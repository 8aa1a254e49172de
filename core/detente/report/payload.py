"""What a study's page knows beside what it shows: enough for its script to draw everything for other choices."""

from collections.abc import Sequence
from typing import Any

from detente.recipe.document import dump
from detente.report.domains import DomainPart
from detente.report.first import use_of
from detente.report.section import Results
from detente.report.words import more
from detente.results.best import training
from detente.results.comparisons import Comparison
from detente.results.verdicts import Verdicts


def payload(results: Results) -> dict[str, Any]:
    """Plain data: texts of arms and domains, scores by seed, and the comparisons of every two arms.

    Arms and domains are numbered in the study's order, and everything else refers to them by number. What a number of a
    comparison is stands in `columns`.
    """
    study, verdicts = results.study, results.verdicts
    return {
        "arms": [arm.text for arm in study.arms],
        "styles": [row.style for domain in results.domains[:1] for row in domain.rows],
        "seeds": list(study.seeds),
        "against": study.arms.index(study.against),
        "complete": verdicts.complete,
        "columns": _COLUMNS,
        "domains": [_domain(domain, verdicts) for domain in results.domains],
    }


_COLUMNS = [
    "arm",
    "against",
    "claimed",
    "word",
    "mean",
    "low",
    "high",
    "sound",
    "pairs",
    "p",
    "holm",
    "adjusted",
    "chance",
    "own",
    "other",
    "more",
]


def _domain(domain: DomainPart, verdicts: Verdicts) -> dict[str, Any]:
    number = {row.arm: row.number for row in domain.rows}
    main = [row.compared for row in domain.rows if row.compared is not None]

    def plain(found: Sequence[Comparison]) -> list[list[Any]]:
        return [[number[c.arm], number[c.against], *_comparison(c, verdicts)] for c in found]

    uses = [use_of(domain, row) for row in domain.rows]
    recipes = domain.study.recipes(domain.name)
    return {
        "name": domain.name,
        "baseline": domain.baseline,
        "finals": [[outcome.final for outcome in row.outcomes] for row in domain.rows],
        "means": [row.mean for row in domain.rows],
        "curves": [[[list(point) for point in curve] for curve in row] for row in _curves(domain)],
        "main": plain(main),
        "pairs": plain(domain.pairwise),
        "use": [None if use is None else [use.folder, use.command] for use in uses],
        "train": [training(row.outcomes[0].cell.folder) if row.outcomes else "" for row in domain.rows],
        "recipes": [dump(recipes[row.arm]) if row.arm in recipes else "" for row in domain.rows],
    }


def _curves(domain: DomainPart) -> list[list[Sequence[tuple[float, float]]]]:
    return [[domain.whole(outcome) for outcome in row.outcomes] for row in domain.rows]


def _comparison(c: Comparison, verdicts: Verdicts) -> list[Any]:
    low, high = c.interval or (None, None)
    found = c.contrast
    numbers = [c.mean, low, high, len(found.sound), found.pairs, c.p, c.holm, c.adjusted, c.improvement, *found.broken]
    return [c.claimed, found.word, *numbers, more(c, verdicts)]
