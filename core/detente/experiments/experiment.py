"""An experiment: many runs in one folder, carried out in the same way for every command.

A verb brings a `Proposer`, which decides which runs there are, either all at once or depending on the results of
others. Here is all the rest: its manifest, the folder's lock, what is refused before anything is written, the recipe in
each cell's folder, the executor, results.csv, the report. Finished runs are kept; others go on from checkpoints.
"""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from filelock import FileLock, Timeout

from detente.errors import DetenteError, PluginError, StudyError, UsageError
from detente.experiments.binding import Bound, bind
from detente.experiments.executors.base import Executor, ShowBoard
from detente.experiments.executors.local import cpus
from detente.experiments.executors.tracker import Tracker
from detente.experiments.forecast import duration_of
from detente.experiments.look import Look as Look
from detente.experiments.look import Looked, looked
from detente.experiments.planning import LOCK, masked, recipe_text
from detente.files import lock, own_folder, read_bytes, sweep, write_atomically
from detente.files.standing import check_folder, has_file, make_folder, standing
from detente.plugins import Host
from detente.recipe.schema import Recipe, recipe_of
from detente.results.cells import SETTLED, Cell
from detente.results.manifest import Manifest
from detente.results.outcomes import Outcome
from detente.results.table import write_results
from detente.training.loggers import make_loggers

_LEFT = 3600.0  # seconds after which nobody is still writing a file of the folder


class Proposer(ABC):
    """Decides which runs an experiment has: the part in which `compare`, `tune` and others differ.

    Args:
        manifest: what the folder will hold.
        before: what it held when that was planned.
        notes: what the user should know before it starts.

    Attributes:
        bound: domain → the data that its cells are trained on, once they have been looked at.
        alone: whether no other process may use the folder at the same time, because runs depend on the results of
            others; otherwise the lock of each cell is enough.
        retries: whether the same command tries runs again that failed.
    """

    bound: Mapping[str, Bound] = MappingProxyType({})
    alone: ClassVar[bool] = False
    retries: ClassVar[bool] = True

    def __init__(self, manifest: Manifest, before: Manifest | None, notes: Sequence[str]) -> None:
        self.manifest, self.before, self.notes = manifest, before, list(notes)

    @abstractmethod
    def looks(self) -> Iterable[Look]:
        """Recipes that between them have everything that could be refused in those of all runs."""

    @abstractmethod
    def propose(self, experiment: "Experiment") -> None:
        """Have runs trained by `experiment.train`, in one call or in several."""

    @abstractmethod
    def write_report(self) -> Path:
        """Write the report of what is in the folder by now; its path."""

    def to_train(self) -> Mapping[tuple[str, str], int]:
        """How many runs are to be trained like each look, by its domain and name; for how long that will take."""
        return {}


class Experiment:
    """An experiment under way, as a proposer sees it.

    Args:
        manifest: of its folder.
        host: whose plugins observe it.
        executor: what trains the cells.
        show: called with a board about once a second.
        notes: what the user should know from the start.

    Attributes:
        bound: domain → the data that its cells are trained on.
        slots: how many cells are trained at a time.
    """

    def __init__(
        self, manifest: Manifest, host: Host, executor: Executor, show: ShowBoard, notes: Sequence[str]
    ) -> None:
        self._manifest, self._executor, self.slots = manifest, executor, executor.slots
        self.bound: Mapping[str, Bound] = {}
        self.tracker = Tracker(executor.slots, show, notes, lambda hook, cell: host.notify(hook, cell=cell.view))

    def train(self, runs: Iterable[tuple[Cell, Mapping[str, Any]]]) -> None:
        """Train cells; returns when each is finished, diverged or failed.

        Args:
            runs: each cell with its recipe as plain data.

        Raises:
            Interrupted: a signal came; what has been done is kept.
            UsageError: a cell's folder holds another recipe.
        """
        unsettled: list[Cell] = []
        for cell, plain in runs:
            recipe = _recipe(self._manifest, cell, plain)
            own_folder(cell.folder, self._manifest.folder)
            text = recipe_text(self._manifest, cell, recipe)
            if not cell.run.recipe.exists():
                write_atomically(cell.run.recipe, text)
            self.tracker.enter(cell, recipe.steps)
            if cell.status not in SETTLED:
                cell.run.check_place()
                unsettled.append(cell)
                if (data := self.bound.get(cell.domain)) and data.holds_for(plain):
                    cell.run.expect(data.identities)
        if unsettled:
            self.tracker.begin(unsettled)
            self._executor.run(unsettled, self.tracker)


def start(
    plan: Callable[[], Proposer],
    host: Host,
    executor: Executor,
    show: ShowBoard,
    command: Sequence[str] | None,
) -> Path:
    """Start an experiment, or resume one from a call with all of its settings; returns the path of its report.

    Args:
        plan: reads what is in the folder, and merges it with what the call asks for. Writes nothing. Called again if
            the folder's manifest changes before its lock is ours.
        host: the plugins.
        executor: what trains the cells.
        show: called with a board about once a second.
        command: what the user typed, for the record; this process's arguments by default.

    Raises:
        UsageError: something in the call is wrong or refused, or another process works on the folder.
        StudyError: the experiment is done, and some of its runs failed.
        Interrupted: a signal came; what has been done is kept.
    """
    proposer = plan()
    found = findings(proposer, host, executor.slots)  # a call that is wrong, or refused, writes nothing
    make_folder(proposer.manifest.folder, "Choose a new folder with --out")
    held = _acquire(proposer)
    try:
        if not _is_current(proposer):
            proposer = plan()
            found = findings(proposer, host, executor.slots)
        content = proposer.manifest.content
        content["findings"] = found
        content["commands"].append([masked(word) for word in (sys.argv if command is None else command)])
        return _carry_out(proposer, held, host, executor, show)
    finally:
        held.release()


def resume(plan: Callable[[], Proposer], host: Host, executor: Executor, show: ShowBoard) -> Path:
    """Resume the experiment in a folder; returns the path of its report.

    Raises:
        UsageError, StudyError, Interrupted: as in `start`.
    """
    proposer = plan()
    held = _acquire(proposer)
    try:
        proposer = proposer if _is_current(proposer) else plan()
        _bind(proposer, host, resumed=True)
        proposer.notes += proposer.manifest.contradicted()[:1]
        return _carry_out(proposer, held, host, executor, show)
    finally:
        held.release()


def dry_run(proposer: Proposer, host: Host) -> None:
    """Check everything that `start` checks, and write nothing.

    Raises:
        UsageError, PluginError: as in `start`.
    """
    proposer.manifest.content["findings"] = findings(proposer, host)
    if proposer.alone and (proposer.manifest.folder / LOCK).exists():
        _acquire(proposer).release()


def findings(proposer: Proposer, host: Host, at_once: int | None = None) -> list[dict[str, Any]]:
    """The findings about the networks of an experiment; each distinct recipe is built once.

    How long it will take, and what should be known about its evaluations, joins the proposer's notes.

    Args:
        proposer: has the recipes.
        host: the plugins.
        at_once: how many cells are trained at a time; as many as this machine has processors by default.

    Raises:
        UsageError: a recipe is wrong, or ill-posed and not allowed, or its runs could not be measured, or a cell's
            folder holds another recipe, or data are not what they were; a line for each.
        PluginError: the same, and a plugin is among what is wrong.
    """
    for cell, plain in proposer.manifest.runs():
        if standing(cell.run.recipe):
            recipe_text(proposer.manifest, cell, _recipe(proposer.manifest, cell, plain))
    built: dict[str, Looked | DetenteError] = {}
    found: list[dict[str, Any]] = []
    problems: list[str] = []
    looks = list(proposer.looks())
    for names in {tuple(look.recipe.get("log", ())) for look in looks}:
        make_loggers(names, host)
    for look in looks:
        key = json.dumps(look.recipe)
        if key not in built:
            built[key] = looked(look, host, proposer.manifest.content["identities"].get(look.domain))
        made = built[key]
        if isinstance(made, DetenteError):
            name = f"{look.name} {look.where}".rstrip()
            problems += [f"{look.domain}, {name}: {line}" for line in str(made).splitlines()]
        elif look.kept:
            new = [{"domain": look.domain, "arm": look.name, **finding.plain()} for finding in made.findings]
            found += [entry for entry in new if entry not in found]
    if problems:
        kind = PluginError if any(isinstance(made, PluginError) for made in built.values()) else UsageError
        raise kind("\n".join(problems))
    evaluated = [text for made in built.values() if isinstance(made, Looked) for text in made.evaluated]
    paces = {
        (look.domain, look.name): (made.pace, look.recipe)
        for look in looks
        if isinstance(made := built[json.dumps(look.recipe)], Looked) and made.pace is not None
    }
    length = duration_of(proposer.to_train(), paces, at_once or cpus(), shorten=proposer.before is None)
    proposer.notes += [text for text in dict.fromkeys([length, *evaluated]) if text and text not in proposer.notes]
    _bind(proposer, host)
    return found


def _recipe(manifest: Manifest, cell: Cell, plain: Mapping[str, Any]) -> Recipe:
    return recipe_of(plain, f"{manifest.path}: the recipe of {cell}")


def _acquire(proposer: Proposer) -> FileLock:
    manifest = proposer.manifest
    check_folder(manifest.folder, "Change that, or copy the folder to where you can write")
    held = lock(manifest.folder / LOCK, timeout=0 if proposer.alone else -1)
    try:
        held.acquire()
    except Timeout:
        raise UsageError(
            f"{manifest.folder}: another process runs this {manifest.kind}; wait for it, or stop it first."
        ) from None
    sweep(manifest.folder, older=_LEFT)
    manifest.check_place()
    return held


def _is_current(proposer: Proposer) -> bool:
    """Whether the folder's manifest is still the one that was planned on."""
    path = proposer.manifest.path
    return (read_bytes(path) if has_file(path) else None) == (proposer.before.text if proposer.before else None)


def _bind(proposer: Proposer, host: Host, *, resumed: bool = False) -> None:
    looks = ((look.domain, look.recipe) for look in proposer.looks())
    proposer.bound = bind(proposer.manifest, looks, proposer.notes, host, resumed=resumed)


def _carry_out(proposer: Proposer, held: FileLock, host: Host, executor: Executor, show: ShowBoard) -> Path:
    proposer.manifest.write()
    if not proposer.alone:
        held.release()
    experiment = Experiment(proposer.manifest, host, executor, show, proposer.notes)
    experiment.bound = proposer.bound
    host.notify("detente_study_started", study=proposer.manifest.view)
    try:
        proposer.propose(experiment)
    finally:
        executor.close()
        experiment.tracker.show()
        manifest = type(proposer.manifest).open(proposer.manifest.folder)  # another call may have made it larger
        outcomes = [Outcome.of(cell) for cell, _ in manifest.runs()]
        write_results(manifest.results, manifest.primaries, outcomes)
        report = proposer.write_report()
        host.notify("detente_study_finished", study=manifest.view)
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if failed:
        first = f"{failed[0].cell}: {failed[0].reason}".rstrip(".")
        which = "It is" if len(failed) == 1 else "The first error is"
        again = "; the same command tries what failed again" if proposer.retries else ""
        raise StudyError(
            f"{len(failed)} of {len(outcomes)} runs failed. {which} {first}. {report} shows all of them{again}."
        )
    return report
