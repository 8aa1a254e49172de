"""What is said of a study before it trains: how many runs there are, and what its seeds can and cannot show."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from detente.recipe.schema import Recipe, recipe_of
from detente.results.cells import SETTLED
from detente.results.statistics import ALPHA, limits, pairs_needed, smallest_p
from detente.results.study import Study
from detente.training.pace import Pace

SEEDS = pairs_needed(1)
"""The fewest seeds with which one arm can be found better than another, which `compare` has by default."""


START = 0.5
"""Seconds that a cell's process takes before its first step, once the server has imported everything."""


PATIENCE = 30 * 60.0
"""Seconds beyond which it is said how many steps would take about so long."""


def usual_seeds(settings: int) -> int:
    """How many seeds each setting has by default: as many as give `SEEDS` blocks, and two at least."""
    return SEEDS if not settings else max(2, -(-SEEDS // settings))


def forecast(study: Study) -> list[str]:
    """Two sentences or three: the runs, what they cost by seed, and what so many seeds can support."""
    domains, arms, seeds = len(study.domains), len(study.arms), len(study.seeds)
    settings = len(study.settings)
    cells = study.cells
    done = sum(cell.status in SETTLED for cell in cells)
    parts = [_many(domains, "domain"), _many(arms, "arm"), *([_many(settings, "setting")] if settings else [])]
    counted = " × ".join([*parts, _many(seeds // max(1, settings), "seed")])
    left = f", {done} of them done" if done else ""
    each = domains * arms * max(1, settings)
    return [
        f"{_many(len(cells), 'run')}: {counted}{left}; each seed more or less is {_many(each, 'run')}.",
        _support(seeds, domains * (arms - 1), study),
    ]


def duration_of(
    runs: Mapping[tuple[str, str], int],
    paces: Mapping[tuple[str, str], tuple[Pace, Mapping[str, Any]]],
    at_once: int,
    shorten: bool = False,
) -> str:
    """About how long runs will take, in a sentence; empty where none is to be trained, or nothing was timed.

    Args:
        runs: how many there are like each look, by its domain and name.
        paces: what was timed of the looks, and their recipes. An evaluation and the warm-up were timed once a domain.
        at_once: how many are trained at a time.
        shorten: whether their steps can still be changed: if they take longer than `PATIENCE` and all have as many
            steps, one more sentence says how to have a first answer earlier.
    """
    known = {key: count for key, count in runs.items() if count and key in paces}
    if not known:
        return ""
    recipes = {key: recipe_of(paces[key][1], key[1]) for key in known}
    total, fixed = 0.0, 0.0
    for (domain, name), count in known.items():
        pace, _ = paces[domain, name]
        of_domain = [other for (where, _), (other, _) in paces.items() if where == domain]
        each = replace(pace, evaluation=max(other.evaluation for other in of_domain), warm_up=0.0)
        total += count * (each.seconds(recipes[domain, name]) + START)
        fixed += count * START
    # Runs with the same seed share a warm-up, and each look has as many runs as there are seeds.
    for domain in {domain for domain, _ in known}:
        warm_up = max(pace.warm_up for (where, _), (pace, _) in paces.items() if where == domain)
        shared = warm_up * max(count for (where, _), count in known.items() if where == domain)
        total, fixed = total + shared, fixed + shared
    at_once = min(at_once, sum(known.values()))
    beside = f" in {at_once} processes" if at_once > 1 else ""
    said = f"About {in_words(total / at_once)}{beside}, by a few timed steps; longer where the machine does other work."
    return said + (_shorter(recipes.values(), total / at_once, fixed / at_once) if shorten else "")


def _shorter(recipes: Collection[Recipe], seconds: float, fixed: float) -> str:
    """How many steps take about `PATIENCE`, where that many would still be a game: a tenth of the steps or more."""
    steps = {recipe.steps for recipe in recipes}
    if seconds <= PATIENCE or len(steps) > 1:
        return ""
    (whole,) = steps
    fitting = whole * (PATIENCE - fixed) / (seconds - fixed)
    if fitting < whole / 10:
        return ""
    rounded = float(f"{fitting:.1e}")
    return f" For a first answer in half an hour: --steps {rounded:.0f}."


def in_words(seconds: float) -> str:
    """A time as one says it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} second{'s' if round(seconds) > 1 else ''}"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


def _support(seeds: int, comparisons: int, study: Study) -> str:
    if not comparisons:
        return (
            "Nothing will be tested: there is one arm, so add another, such as --reg none. For one arm with several "
            "regularizers, write --reg a+b."
        )
    said = limits(seeds, comparisons, study.against.text, study.pair_word)
    if said:
        return said
    least = f"{smallest_p(seeds):.4f}".rstrip("0").lstrip("0")
    return (
        f"{seeds} {study.pair_word}s can give a verdict: p can fall to {least}, and a verdict needs {ALPHA:g}".replace(
            "0.", "."
        )
        + "."
    )


def _many(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")
