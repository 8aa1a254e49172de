"""What is said of a study before it trains: how many runs there are, and what its seeds can and cannot show."""

from detente.results.cells import SETTLED
from detente.results.statistics import ALPHA, limits, pairs_needed, smallest_p
from detente.results.study import Study

SEEDS = pairs_needed(1)
"""The fewest seeds with which one arm can be found better than another, which `compare` has by default."""


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
