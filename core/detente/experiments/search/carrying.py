"""From a plan to a report: the runs of a search in worker processes, and what comes after the last trial.

The winner of a search looks better than it is: of many settings the luckiest comes out on top. So it is run again, on
seeds that no trial saw, beside the setting that the chain has by default and `none`.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from detente.errors import StudyError, UsageError
from detente.experiments.executors.local import Board, Pool, Progress
from detente.experiments.planning import LOCK, cpus
from detente.experiments.search.loop import Search
from detente.experiments.search.planning import Wish, findings, masked, plan, reopened
from detente.experiments.search.samplers import Sampler
from detente.files import write_atomically
from detente.plugins import Host
from detente.recipe import Recipe, slug
from detente.recipe.keys import at
from detente.results.cells import SETTLED, Arm, Cell
from detente.results.outcomes import Outcome
from detente.results.search import Rival, Trial, Tuning, best, short
from detente.results.study import Study
from detente.results.table import write_results

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

Show = Callable[[Board], None]


def tune(
    wish: Wish,
    *,
    out: Path,
    host: Host,
    jobs: int | None = None,
    show: Show = lambda board: None,
    command: Sequence[str] | None = None,
) -> Path:
    """Run a search, or go on with it; the path of its report.

    Args:
        wish: what is searched, and how.
        out: the search's folder.
        host: the plugins.
        jobs: worker processes at a time; the number of CPUs by default.
        show: called with a board about once a second.
        command: what the user typed, for the record.

    Raises:
        UsageError: something in the call is wrong or refused, or the folder holds another search.
        StudyError: the search is done, and some of its runs failed.
        Interrupted: a signal came; what has been done is kept.
    """
    tuning, chosen, _ = plan(wish, out=out, host=host)
    found = findings(tuning, chosen.ranges, host)  # a call that is wrong, or refused, writes nothing
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        tuning, chosen, notes = plan(wish, out=out, host=host)
        tuning.content["findings"] = found
        words = list(command if command is not None else sys.argv)
        tuning.content["commands"].append([masked(word) for word in words])
        tuning.write()
        return _carry_out(tuning, chosen, wish.storage, host, jobs, show, notes)


def resume(folder: Path, *, host: Host, jobs: int | None = None, show: Show = lambda board: None) -> Path:
    """Go on with the search in a folder as it stands there; the path of its report.

    Raises:
        UsageError: there is no search.
        StudyError, Interrupted: as in `tune`.
    """
    reopened(folder, host)
    with _alone(folder):
        tuning, chosen, notes = reopened(folder, host)
        tuning.write()
        return _carry_out(tuning, chosen, tuning.content["storage"], host, jobs, show, notes)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(f"{folder}: another process runs this search; wait for it, or stop it first.") from None
    try:
        yield
    finally:
        lock.release()


def _carry_out(
    tuning: Tuning,
    chosen: Sampler,
    storage: str | None,
    host: Host,
    jobs: int | None,
    show: Show,
    notes: Sequence[str],
) -> Path:
    from detente.report import tuning_report

    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs {jobs}: at least one worker is needed.")
    runs = _Runs(tuning, chosen.trials, host, jobs or cpus(), show, notes)
    host.notify("detente_study_started", study=tuning.view)
    try:
        search = Search(
            chosen,
            tuning.seeds,
            runs.try_trials,
            wave=tuning.content["wave"],
            storage=_storage(tuning, storage),
            name=tuning.content["name"],
            show=runs.seen,
        )
        search.run()
        tuning.importance = search.importance()
        winner = best(tuning.trials)
        if winner is not None:
            tuning.rivals = _rivals(tuning, winner)
            tuning.write_trials()
            _write_best(tuning, winner)
            runs.run_rivals()
    finally:
        tuning.write_trials()
        outcomes = [Outcome.of(cell) for cell, _ in tuning.cells()]
        view = Study(tuning.folder, {"domains": {tuning.domain: {"primary": tuning.content["primary"]}}})
        write_results(view, outcomes)
        report = tuning_report(tuning.folder)
        host.notify("detente_study_finished", study=tuning.view)
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if failed:
        first = f"{failed[0].cell}: {failed[0].reason}".rstrip(".")
        which = "It is" if len(failed) == 1 else "The first is"
        raise StudyError(f"{len(failed)} of {len(outcomes)} runs failed. {which} {first}. {report} shows all of them.")
    return report


class _Runs:
    """Has cells trained, and shows the whole search while it does."""

    def __init__(self, tuning: Tuning, trials: int, host: Host, jobs: int, show: Show, notes: Sequence[str]) -> None:
        self.tuning, self.trials, self.jobs, self.host, self.show = tuning, trials, jobs, host, show
        default, none = (tuning.content["recipes"][name] for name in ("default", "none"))
        self.rivals = 2 if none == default else 3
        self.steps = int(default["steps"])
        self.known: dict[Cell, Progress] = {}
        self.begun = time.monotonic()
        self.done_before = 0
        self.told: set[int] = set()
        k, fresh = len(tuning.seeds), len(tuning.fresh_seeds)
        self.notes = [
            *notes,
            f"{trials} trials with {k} seed(s) each, {trials * k} runs at most, then {self.rivals} settings with "
            f"{fresh} fresh seeds each; {self.steps} steps a run.",
        ]

    def try_trials(self, pairs: Sequence[tuple[Trial, int]]) -> list[float | None]:
        """What the engine asks for."""
        cells = [self.tuning.cell(trial, seed) for trial, seed in pairs]
        recipes = [{**self.tuning.recipe(trial.params), "seed": seed} for trial, seed in pairs]
        self._run(cells, recipes)
        return [self.tuning.measure(cell) for cell in cells]

    def run_rivals(self) -> None:
        """The comparison on fresh seeds."""
        pairs = [(rival, seed) for seed in self.tuning.fresh_seeds for rival in self.tuning.rivals]
        self.rivals = len(self.tuning.rivals)
        self._run(
            [self.tuning.rival_cell(rival, seed) for rival, seed in pairs],
            [{**rival.recipe, "seed": seed} for rival, seed in pairs],
        )

    def seen(self, trials: Sequence[Trial]) -> None:
        """Keep the trials on disk, and say what became of those that are done."""
        self.tuning.trials = list(trials)
        self.tuning.write_trials()
        first = best(trials)
        for trial in trials:
            if trial.status != "running" and trial.number not in self.told:
                self.told.add(trial.number)
                name = f"trial {trial.number}: {self.tuning.name(trial.params)}"
                score = f" with {short(trial.mean)}" if trial.scores else ""
                ahead = f"; best so far trial {first.number} with {short(first.mean)}" if first else ""
                self.notes.append(f"{name}: {trial.status}{score}{ahead}")

    def _run(self, cells: Sequence[Cell], recipes: Sequence[Mapping[str, Any]]) -> None:
        for cell, plain in zip(cells, recipes, strict=True):
            _prepare(cell, plain)
        if any(cell.status not in SETTLED for cell in cells):
            Pool([(cell, self.steps) for cell in cells], self.jobs, self.host.block, self._show, tell=self._tell).run()
        else:
            self.known.update({cell: Progress(cell, cell.status, self.steps, self.steps) for cell in cells})
            self.done_before += len(cells)

    def _tell(self, hook: str, cell: Cell) -> None:
        self.host.notify(hook, cell=cell.view)

    def _show(self, board: Board) -> None:
        """The board of the cells of the moment, with those before and a place for each to come."""
        self.known.update({progress.cell: progress for progress in board.cells})
        pruned = sum(len(self.tuning.seeds) - len(t.scores) for t in self.tuning.trials if t.status == "pruned")
        planned = self.trials * len(self.tuning.seeds) + self.rivals * len(self.tuning.fresh_seeds) - pruned
        now = list(self.known.values())
        none = Cell(self.tuning.domain, Arm("to come", "to-come"), 0, self.tuning.folder)
        to_come = [Progress(none, "pending", 0, self.steps)] * max(0, planned - len(now))
        seconds = time.monotonic() - self.begun
        steps = sum(p.step for p in now) - self.done_before * self.steps
        left = sum(p.steps - p.step for p in now if p.status not in SETTLED) + len(to_come) * self.steps
        self.show(
            replace(
                board,
                cells=(*now, *to_come),
                seconds=seconds,
                seconds_left=seconds * left / steps if steps > 0 else None,
                notes=(*self.notes, *board.notes),
            )
        )


def _prepare(cell: Cell, plain: Mapping[str, Any]) -> None:
    """Put the recipe into a cell's folder."""
    text = Recipe.model_validate(plain).to_yaml()
    if cell.run.recipe.exists():
        if cell.run.recipe.read_text(encoding="utf-8") != text:
            raise UsageError(f"{cell.run.recipe}: is not the search's recipe for this cell; move the folder away.")
    else:
        cell.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(cell.run.recipe, text)


def _rivals(tuning: Tuning, winner: Trial) -> list[Rival]:
    """The winner, the default setting and `none`; what is one recipe is run once."""
    default, none = (tuning.content["recipes"][name] for name in ("default", "none"))
    values = {key: at(default, key) for key in tuning.labels}
    found: list[Rival] = []
    for role, text, recipe in (
        ("winner", tuning.name(winner.params), tuning.recipe(winner.params)),
        ("default", f"{tuning.name(values)} (default)", default),
        ("none", "none", none),
    ):
        same = next((i for i, rival in enumerate(found) if rival.recipe == recipe), None)
        if same is None:
            found.append(Rival(Arm(text, f"fresh-{slug(text)}"), (role,), recipe))
        else:
            found[same] = replace(found[same], roles=(*found[same].roles, role))
    return found


def _write_best(tuning: Tuning, winner: Trial) -> None:
    """A recipe ready for `train`."""
    recipe = Recipe.model_validate({**tuning.recipe(winner.params), "seed": 0})
    head = f"# {tuning.name(winner.params)}: trial {winner.number} of the search in this folder. report.html says "
    write_atomically(tuning.best, f"{head}what it is worth.\n{recipe.to_yaml()}")


def _storage(tuning: Tuning, url: str | None) -> "BaseStorage":
    """Where Optuna keeps the trials. The folder's lock is held, so nobody else writes to the journal."""
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    if url is None:
        _mend(tuning.journal)
        journal = str(tuning.journal)
        return JournalStorage(JournalFileBackend(journal, lock_obj=JournalFileOpenLock(journal)))
    try:
        return RDBStorage(url)
    except Exception as error:  # each database has errors of its own, and a missing driver is an ImportError
        raise UsageError(f"--storage {masked(url)}: cannot be opened: {str(error).splitlines()[0]}.") from error


def _mend(journal: Path) -> None:
    """Take away what a killed search left: its lock, and a last line that it did not finish."""
    Path(f"{journal}.lock").unlink(missing_ok=True)
    if journal.exists():
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)
