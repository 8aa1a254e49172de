"""Which run of a study, a search or a selection to use."""

from pathlib import Path

from detente.errors import UsageError, typed
from detente.results.best import of_best_arm
from detente.results.cells import Cell
from detente.results.choice import Choice
from detente.results.outcomes import Outcome
from detente.results.search import Tuning
from detente.results.study import Study


def chosen_run(folder: Path, arm: str | None = None, domain: str | None = None) -> Cell:
    """The finished run with the highest scaled score at its end, of the arm whose mean over seeds is highest.

    Args:
        folder: of a study.
        arm: its regularizers as `--reg` named them; the best one by default.
        domain: where the study has several.

    Raises:
        UsageError: there is no such arm, domain or finished run, or several domains and none is named.
    """
    study = Study.in_part(folder)
    if domain is None and len(study.domains) > 1:
        raise UsageError(f"{folder}: a study of {', '.join(study.domains)}; name one of them with --domain.")
    domain = domain or study.domains[0]
    if domain not in study.domains:
        raise UsageError(f"{folder}: has no domain {domain!r}; it has {', '.join(study.domains)}.")
    arms = [one for one in study.arms if arm is None or arm in (one.text, one.slug)]
    if not arms:
        raise UsageError(f"{folder}: has no arm {arm!r}; it has {', '.join(repr(one.text) for one in study.arms)}.")
    best = of_best_arm(Outcome.of(study.cell(domain, one, seed)) for one in arms for seed in study.seeds)
    if best is None:
        raise UsageError(f"{folder}: no run of it has finished yet; go on with: {typed('detente', 'resume', folder)}.")
    return best.cell


def winning_run(folder: Path) -> Cell:
    """The best finished run of a search's winner: on fresh seeds, or of its trial where there are none yet.

    Raises:
        UsageError: there is none.
    """
    search = Tuning.in_part(folder)
    fresh = [r for r in search.rivals if "winner" in r.roles]
    cells = [search.rival_cell(rival, seed) for rival in fresh for seed in search.fresh_seeds]
    best = of_best_arm(map(Outcome.of, cells))
    if best is None and (winner := search.winner) is not None:
        best = of_best_arm(Outcome.of(search.trial_cell(winner, seed)) for seed in search.seeds)
    if best is None:
        raise UsageError(f"{folder}: no run of it has finished yet; go on with: {typed('detente', 'resume', folder)}.")
    return best.cell


def recommended_run(folder: Path) -> Cell:
    """The best finished run of the arm that a selection recommends; of all its runs where it recommends none yet.

    Raises:
        UsageError: there is none.
    """
    choice = Choice.in_part(folder)
    arm = choice.recommended
    best = of_best_arm(Outcome.of(cell) for cell, _ in choice.runs() if arm is None or cell.arm == arm)
    if best is None:
        raise UsageError(f"{folder}: no run of it has finished yet; go on with: {typed('detente', 'resume', folder)}.")
    return best.cell
