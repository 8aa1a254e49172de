"""The run to go on with, and the command that uses it."""

import math
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

from detente.errors import typed
from detente.results.cells import Arm
from detente.results.outcomes import Outcome


def best_run(outcomes: Iterable[Outcome], domain: str) -> Outcome | None:
    """The run of a domain to go on with, as `of_best_arm` says.

    None where it is not above 0: what is no better than an untrained generator is nothing to go on with.
    """
    found = of_best_arm(o for o in outcomes if o.cell.domain == domain)
    return found if found and (found.final or 0.0) > 0 else None


def of_best_arm(outcomes: Iterable[Outcome]) -> Outcome | None:
    """The finished run with the highest scaled score, of the arm whose mean over its seeds is highest.

    The first of several; None where no run has finished. What was not measured comes after everything that was.
    """
    arms: dict[Arm, list[Outcome]] = {}
    for outcome in outcomes:
        arms.setdefault(outcome.cell.arm, []).append(outcome)
    begun = [own for own in arms.values() if any(o.status == "finished" for o in own)]
    best = max(begun, key=lambda own: _mean(o.final for o in own), default=[])
    return max((o for o in best if o.status == "finished"), key=lambda o: _mean([o.final]), default=None)


def _mean(scores: Iterable[float | None]) -> float:
    known = [score for score in scores if score is not None]
    return fmean(known) if known else -math.inf


def sampling(folder: Path, n: int = 16) -> str:
    """The command that draws samples of a run, quoted for a shell."""
    return typed("detente", "sample", folder, "-n", n)


def training(folder: Path) -> str:
    """The command that trains once more what a run is of, quoted for a shell."""
    return typed("detente", "train", "--recipe", folder / "recipe.yaml")
