"""A run under way on the command line: what `train` and `resume` have in common."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from detente.cli.before import before_in, device_of, note_changes, note_duration
from detente.cli.display import Session, duration, log_to, number, scores_table
from detente.cli.flags import set_threads
from detente.cli.progress import progress, warm_up
from detente.errors import UsageError, one_line, typed
from detente.files import lock
from detente.files.named import Named
from detente.files.standing import NO_RIGHT, check_folder, make_folder, no_folder

if TYPE_CHECKING:
    from detente.plugins import Host
    from detente.recipe import Recipe
    from detente.recipe.resolved import Resolved
    from detente.training.build import Built
    from detente.training.run_folder import Run
    from detente.training.team import Team

RUNS = Named("runs")

_RESULT = ("step", "seconds", "final", "references")
"""Entries of run.json that every run has once it is finished; what of them was lost is written again."""

_log = logging.getLogger(__name__)


def carry_out(
    session: Session,
    host: "Host",
    resolved: "Resolved",
    folder: Path | None,
    parent: Path,
    threads: int | None,
    device: str | None = None,
    *,
    resumed: bool = False,
) -> None:
    """Train in `folder`, resuming the run that is there, or in a new folder under `parent`.

    Under torchrun this is called in each of its processes; the first one leads.

    Args:
        resumed: the recipe is the run's own; its data are then where they were, not where the current folder has them.
    """
    import torch

    from detente.training.team import team

    asked = device or resolved.recipe.device
    with team(cuda=asked != "cpu" and torch.cuda.is_available()) as together:
        together.check(resolved.recipe.batch, resolved.where("batch"))
        begun = _Begun(session, host, resolved, folder, threads, device, resumed, together)
        if together.leads:
            _lead(begun, parent)
        else:
            _follow(begun)


class _Begun(NamedTuple):
    """What every process of a run knows of it."""

    session: Session
    host: "Host"
    resolved: "Resolved"
    folder: Path | None
    threads: int | None
    device: str | None
    resumed: bool
    team: "Team"

    def build(self, before: dict[str, Any]) -> "Built":
        """What the recipe names, on this process's device, given what run.json says."""
        from detente.training.build import rebuild

        set_threads(self.threads or before.get("threads"))
        recipe = self.resolved.recipe
        usual = device_of(recipe, before)
        device = self.device or usual
        if self.team.size > 1:
            device = self.team.device(self.device or recipe.device, usual or "auto")
        known = before.get("identities") or {} if self.resumed else {}
        with warm_up(self.session) as show:
            built = rebuild(self.resolved, self.host, known, device=device, processes=self.team.size, show=show)
        self.team.check_networks(built.networks)
        return built


def _follow(begun: _Begun) -> None:
    from detente.training.steps import follow

    built = begun.build(begun.team.share())
    start = begun.team.share()
    begun.session.run = Named(start["folder"])
    follow(built, begun.team, start)


def _lead(begun: _Begun, parent: Path) -> None:
    from detente.files import write_atomically
    from detente.recipe import load
    from detente.training.agreement import told
    from detente.training.loggers import make_loggers
    from detente.training.provenance import surroundings
    from detente.training.run_folder import Run
    from detente.training.scale import check_run
    from detente.training.trainer import Trainer

    began = time.perf_counter()
    session, host, recipe, folder = begun.session, begun.host, begun.resolved.recipe, begun.folder
    before = before_in(folder, recipe, host) if folder else {}
    check_folder(folder or parent)
    loggers = make_loggers(recipe.log, host)
    _introduce(session, recipe)
    begun.team.share(before)
    built = begun.build(before)
    if not before:  # what has begun may go on
        check_run(built)
    run = Run(_make(folder, parent, recipe))
    with _alone(run), log_to(session, run.log):
        session.run = run.folder
        run.prepare()
        record = {
            **surroundings(recipe, host, built.device),
            "argv": session.argv,
            "processes": begun.team.size,
            "findings": [finding.plain() for finding in built.findings],
        }
        for finding in built.findings:
            session.note(f"Note: {finding}")
        trainer = Trainer(built, run, host, loggers, begun.team)
        start = trainer.restore()
        if before:
            note_changes(session, before, record)
            if trainer.changed:
                session.note(f"Changed in the recipe since the last checkpoint: {told(trainer.changed)}.")
            if load(run.recipe, host=host) != recipe:  # a command that says more steps, say
                write_atomically(run.recipe, recipe.to_yaml())
            run.record(record)
        else:
            Run.create(run.folder, recipe.to_yaml(), record)
        session.note(f"{run.folder}: {built.device}, {record['threads']} thread(s){_shared(begun.team.size)}")
        built_at = time.perf_counter()
        whole = before.get("status") == "finished" and all(before.get(key) is not None for key in _RESULT)
        if not whole or start < recipe.steps:
            note_duration(session, built, host, start)
            if start:
                session.note(f"{run.folder}: from step {start} of {recipe.steps}")
            with progress(session, start) as trainer.show:
                trainer.train()
        trained_at = time.perf_counter()
        report = _write_report(run)
        seconds = {
            "build": built_at - began,
            "train": trained_at - built_at,
            "report": time.perf_counter() - trained_at,
        }
        run.record({"timings": {name: round(value, 3) for name, value in seconds.items()}})
        session.result(_summary(run, built.domain.primary.score, report), _outcome(run, report))


def _shared(processes: int) -> str:
    return f" in each of {processes} processes" if processes > 1 else ""


def _introduce(session: Session, recipe: "Recipe") -> None:
    """What is about to be trained: a line, or with -v the whole recipe, which the run's folder has in any case."""
    session.note(recipe.to_yaml().rstrip() if session.verbose else summary(recipe))


def summary(recipe: "Recipe") -> str:
    """A recipe in a line: what differs most often from one run to another."""
    sides = (("d", recipe.discriminator), ("g", recipe.generator))
    chain = "+".join(f"{side}:{name}" for side, player in sides for name in player.regularizers)
    parts = [
        f"{recipe.domain}: {recipe.data.name}, {recipe.model.name}, {recipe.objective.name}",
        chain or "no regularizer",
        f"{recipe.steps} steps of {recipe.batch}, seed {recipe.seed}",
    ]
    return "; ".join(parts)


def _make(folder: Path | None, parent: Path, recipe: "Recipe") -> Path:
    from detente.training.run_folder import new_folder

    if folder is not None:
        return make_folder(folder)
    chains = (recipe.discriminator.regularizers, recipe.generator.regularizers)
    names = "-".join(name for chain in chains for name in chain)[:40].rstrip("-")
    return new_folder(parent, f"{recipe.domain}-{names or 'none'}")


@contextmanager
def _alone(run: "Run") -> Iterator[None]:
    """Nobody else writes to the run meanwhile; the lock goes with the process, however that ends."""
    from filelock import Timeout

    held = lock(run.folder / ".lock", timeout=0)
    try:
        held.acquire()
    except Timeout:
        raise UsageError(
            f"{run.folder}: another process is training this run; wait until it ends, or stop it first."
        ) from None
    except OSError as error:
        if error.errno not in NO_RIGHT:
            raise
        raise no_folder(run.folder, error, "Choose another folder") from error
    try:
        yield
    finally:
        held.release()


def _write_report(run: "Run") -> Path | None:
    """The run's page; when it cannot be written, that is said, and the run is as good as before."""
    try:
        from detente.report import run_report

        return run_report(run)
    except Exception as error:
        _log.warning(
            "could not write the report: %s; try again with `%s`",
            one_line(error),
            typed("detente", "report", run.folder),
            exc_info=True,
        )
        return None


def _outcome(run: "Run", report: Path | None) -> dict[str, Any]:
    wanted = ("status", "step", "seconds", "best", "final", "references", "timings", "device", "threads")
    info = run.info
    return {"run": run.folder, "report": report, **{key: info.get(key) for key in wanted}}


def _reasons(info: dict[str, Any]) -> list[str]:
    """What an end that is a failure is due to, as far as that is known, and what comes next."""
    if info.get("diagnosis"):
        return [info["diagnosis"]]
    if info["final"]["scaled"] == 0:
        again = "compare with another chain, such as --reg r1, a lower learning rate or more steps"
        best = (info.get("best") or {}).get("scaled") or 0
        was = f"; it was {number(best)} at step {info['best']['step']}, so training came undone" if best else ""
        return [f"scaled 0: the samples are no better than an untrained generator's{was}. Next: {again}."]
    return []


def _summary(run: "Run", primary: str, report: Path | None) -> str:
    info = run.info
    final, best = info["final"], info.get("best")
    lines = [
        f"{run.folder}: {info['status']} after {info['step']} steps in {duration(info['seconds'])}",
        "",
        scores_table(final["scores"], info["references"], primary),
        "",
        f"scaled  {number(final['scaled'])}"
        + (f"  (best {number(best['scaled'])} at step {best['step']})" if best else ""),
    ]
    if info.get("samples"):
        lines.append(f"n       {info['samples']} samples in every row")
    lines += [f"why     {why}" for why in _reasons(info)]
    if report:
        lines.append(f"report  {report}")
    use, keep = (typed("detente", "sample", run.folder, "-n", 16), typed("detente", "export", run.folder))
    return "\n".join([*lines, f"next    {use}", f"        {keep}"])
