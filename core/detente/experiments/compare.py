"""The comparison: every arm in every domain, on the same seeds.

A study is its folder. What is finished there stays, what is not goes on from its checkpoint, and calling `compare`
again with more domains, arms or seeds makes the study larger. Arms differ from `none` in their regularizers alone: for
one seed all share data order, latents and initial weights, so they are compared in pairs.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from detente.errors import StudyError, UsageError
from detente.experiments.executors.local import Board, Pool
from detente.experiments.planning import LOCK, cpus, findings, note_versions, plan, seed_numbers
from detente.files import write_atomically
from detente.plugins import Host
from detente.recipe import Recipe
from detente.results.cells import Cell
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.table import write_results


def compare(
    domains: Iterable[str],
    arms: Iterable[str],
    seeds: int | Iterable[int],
    *,
    out: Path,
    host: Host,
    jobs: int | None = None,
    sets: Sequence[str] = (),
    domain_sets: Mapping[str, Sequence[str]] | None = None,
    recipe: Path | Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    show: Callable[[Board], None] = lambda board: None,
    command: Sequence[str] | None = None,
) -> Path:
    """Run a study, or go on with it; the path of its report.

    Args:
        domains: where to compare.
        arms: what to compare, each a chain in the language of `--reg`; `none` is the empty chain.
        seeds: how many, from 0, or which.
        out: the study's folder.
        host: the plugins.
        jobs: worker processes at a time; the number of CPUs by default.
        sets: `key=value` settings for every recipe; `domain_sets` those for one domain.
        recipe: a recipe to start from, for a study of its domain.
        flags: dotted key → value of further flags, as in `detente.recipe.load`.
        show: called with a board about once a second.
        command: what the user typed, for the record.

    Raises:
        UsageError: something in the call is wrong or refused, or the folder holds another study.
        StudyError: the study is done, and some of its cells failed.
        Interrupted: a signal came; what has been done is kept.
    """
    domains, arms, seeds = list(domains), list(arms), seed_numbers(seeds)

    def planned() -> tuple[Study, list[str]]:
        how = {"sets": sets, "domain_sets": domain_sets, "recipe": recipe, "flags": flags}
        return plan(domains, arms, seeds, out=out, host=host, **how)

    _check_jobs(jobs)
    found = findings(planned()[0], host)  # a call that is wrong, or refused, writes nothing
    out.mkdir(parents=True, exist_ok=True)
    with FileLock(out / LOCK):
        study, notes = planned()
        study.content["findings"] = found
        study.content["commands"].append(list(command if command is not None else sys.argv))
        study.write()
    return _carry_out(study, host, jobs, show, notes)


def resume(
    folder: Path, *, host: Host, jobs: int | None = None, show: Callable[[Board], None] = lambda board: None
) -> Path:
    """Go on with the study in a folder as it stands there; the path of its report.

    Raises:
        UsageError: there is no study.
        StudyError, Interrupted: as in `compare`.
    """
    _check_jobs(jobs)
    with FileLock(_existing(folder) / LOCK):
        study = Study.open(folder)
        notes = note_versions(study, host)
        study.write()
    return _carry_out(study, host, jobs, show, notes)


def _carry_out(study: Study, host: Host, jobs: int | None, show: Callable[[Board], None], notes: Sequence[str]) -> Path:
    from detente.report import study_report

    steps = {cell: _prepare(study, cell) for cell in study.cells}

    def tell(hook: str, cell: Cell) -> None:
        host.notify(hook, cell=cell.view)

    pool = Pool(list(steps.items()), jobs or cpus(), host.block, show, notes, tell)
    host.notify("detente_study_started", study=study.view)
    try:
        pool.run()
    finally:
        study = Study.open(study.folder)  # another call may have made it larger meanwhile
        outcomes = [Outcome.of(cell) for cell in study.cells]
        write_results(study, outcomes)
        report = study_report(study.folder)
        host.notify("detente_study_finished", study=study.view)
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if failed:
        first = f"{failed[0].cell}: {failed[0].reason}".rstrip(".")
        which = "It is" if len(failed) == 1 else "The first is"
        raise StudyError(
            f"{len(failed)} of {len(outcomes)} cells failed. {which} {first}. {report} shows all of them; the "
            "same command tries what failed again."
        )
    return report


def _check_jobs(jobs: int | None) -> None:
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs {jobs}: at least one worker is needed.")


def _prepare(study: Study, cell: Cell) -> int:
    """Put the recipe into a cell's folder; how many steps it has."""
    recipe = Recipe.model_validate(study.recipe(cell))
    text = recipe.to_yaml()
    if cell.run.recipe.exists():
        if cell.run.recipe.read_text(encoding="utf-8") != text:
            raise UsageError(f"{cell.run.recipe}: is not the study's recipe for this cell; move the folder away.")
    else:
        cell.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(cell.run.recipe, text)
    return recipe.steps


def _existing(folder: Path) -> Path:
    if not (folder / "study.yaml").is_file():
        raise UsageError(f"{folder}: holds no study (study.yaml); name the folder that compare printed.")
    return folder
