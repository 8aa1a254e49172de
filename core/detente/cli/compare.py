"""`compare`, and resuming a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detente.cli import flags, own_data
from detente.cli.display import Session, duration, number, table
from detente.cli.flags import begin
from detente.cli.folders import experiment_folder
from detente.cli.grouping import EXPERIMENT, HOW, PLACE, TRAINING, Grouped, example
from detente.cli.progress import board
from detente.errors import UsageError

if TYPE_CHECKING:
    from detente.experiments.executors.base import Executor
    from detente.plugins import Host
    from detente.results.study import Study

_EXAMPLE = example(
    "detente compare image --reg none --reg r1 --reg spectral-norm --jobs 2",
    "detente compare molecule --data ./my-molecules.csv --reg none --reg r1 --out studies/mine",
)


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command(cls=Grouped, rich_help_panel=TRAINING, epilog=_EXAMPLE)(compare)


def compare(
    context: typer.Context,
    domain: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DOMAIN]...", help="Domains to compare in.", autocompletion=flags.completion.domains),
    ] = None,
    domains: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Domains as a comma-separated list.", rich_help_panel=EXPERIMENT),
    ] = None,
    data: flags.Data = None,
    model: flags.Model = None,
    objective: flags.Objective = None,
    metric: flags.Metric = None,
    regs: flags.Arms = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="ARM",
            help="The arm that the others are compared with (default: none, or the first arm where there is no none).",
            rich_help_panel=EXPERIMENT,
        ),
    ] = None,
    vary: flags.Vary = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N|0,1,2",
            help="How many seeds, from 0, or which ones (default: 6, the fewest that can give a verdict; every run is "
            "repeated for each); with --vary, of each setting.",
            rich_help_panel=HOW,
        ),
    ] = None,
    jobs: flags.Jobs = None,
    executor: flags.Executor = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="A built-in study such as demo, or a preset file.",
            rich_help_panel=EXPERIMENT,
            autocompletion=flags.completion.presets,
        ),
    ] = None,
    recipe: flags.Recipe = None,
    sets: flags.Set = None,
    steps: flags.Steps = None,
    batch: flags.Batch = None,
    device: flags.Device = None,
    precision: flags.Precision = None,
    allow: flags.Allow = None,
    log: flags.Log = None,
    out: Annotated[
        Path | None,
        typer.Option(
            path_type=flags.NAMED,
            metavar="DIR",
            help="Folder of the study; a study in it is resumed or extended (default: a new numbered one in studies).",
            rich_help_panel=PLACE,
        ),
    ] = None,
    dry_run: flags.DryRun = False,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Compare regularizers: every arm, domain and seed.

    The report says which differences the seeds support. Run the same command again to resume a study that was stopped;
    with --out and more domains, arms or seeds it is extended.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    from detente.experiments import compare as study
    from detente.experiments import preset as presets
    from detente.experiments.executors import kinds
    from detente.experiments.forecast import usual_seeds
    from detente.experiments.vary import settings_of
    from detente.results.study import Study

    given = [*(domain or []), *(name.strip() for name in (domains or "").split(",") if name.strip())]
    base = presets.preset(preset, host) if preset else presets.Preset()
    chosen = given or list(base.domains)
    if preset and not given and presets.comes_along(preset, host):
        chosen, missing = presets.available(base, host)
        for sentence in missing:
            session.note(sentence)
    arms = regs or base.arms
    if not chosen or not arms:
        what = "arms, such as --reg none --reg r1" if chosen else "a DOMAIN"
        raise UsageError(f"compare needs {what}, or a --preset; see `detente compare --help`.")
    varied = vary or base.vary
    usual = base.seeds if "seeds" in base.model_fields_set else usual_seeds(len(settings_of(varied)))
    numbers = flags.seeds_of(seeds) if seeds is not None else usual
    own = _own(session, host, chosen, recipe, data, model)
    label = (Path(preset).stem if preset else "-".join(chosen))[:40].rstrip("-")
    how: dict[str, Any] = {
        "against": against or base.against,
        "vary": varied,
        "sets": [*base.sets, *(sets or [])],
        "domain_sets": {name: base.domains.get(name, []) for name in chosen},
        "recipe": recipe,
        "flags": {
            **own,
            "objective": objective,
            "metric": metric,
            "allow": [*(allow or []), *base.allow] or None,
            "steps": steps,
            "batch": batch,
            "device": device,
            "precision": precision,
            "log": flags.names(log),
        },
    }
    with experiment_folder(session, Study, label, _finished, out=out, dry=dry_run) as folder:
        if dry_run:
            planned, notes = study.plan(chosen, arms, numbers, out=folder, host=host, **how)
            for note in notes:
                session.note(note)
            head = f"{planned.folder}: {len(planned.cells)} runs\n{_budget(planned)}\n{_asked(planned)}"
            known = {"study": folder, "cells": len(planned.cells), "against": planned.against.text}
            session.result(f"{head}\n\n{_cells(planned)}", {**known, **planned.content})
            return
        session.run = folder
        how["executor"] = kinds.executor(executor, jobs, host.block)
        with board(session) as show:
            report = study.compare(chosen, arms, numbers, out=folder, host=host, show=show, command=session.argv, **how)
        _finish(session, folder, report)


def resume(session: Session, host: "Host", folder: Path, executor: "Executor") -> None:
    """Resume the study in a folder."""
    from detente.experiments import compare as study

    session.run = folder
    with board(session) as show:
        report = study.resume(folder, host=host, executor=executor, show=show)
    _finish(session, folder, report)


def _own(
    session: Session, host: "Host", domains: list[str], recipe: Path | None, data: str | None, model: str | None
) -> dict[str, Any]:
    """Data set and architecture, which belong to one domain.

    Raises:
        UsageError: there are several domains.
    """
    for flag, value in (("--data", data), ("--model", model)):
        if value is not None and len(domains) > 1:
            raise UsageError(
                f"{flag} {value}: belongs to one domain, but there are {len(domains)} ({', '.join(domains)}). Compare "
                f"in one domain, or use a preset file with `{flag[2:]}={value}` under its domain."
            )
    return {"data": own_data.chosen(session, host, data, domains[0], recipe), "model": model}


def _finished(study: "Study") -> bool:
    from detente.results.cells import SETTLED

    return all(cell.status in SETTLED for cell in study.cells)


def _budget(study: "Study") -> str:
    """What each arm gets, domain by domain."""
    return "\n".join(f"every arm on {name}: {study.budget(name)}" for name in study.domains)


def _asked(study: "Study") -> str:
    return f"arms are compared with “{study.against.text}”" if study.others else ""


def _cells(study: "Study") -> str:
    at = ["setting"] if study.settings else []
    rows: list[tuple[str, ...]] = [("domain", "arm", *at, "seeds", "steps")]
    for domain in study.domains:
        for arm in study.arms:
            for name, seeds in [(one.name, one.seeds) for one in study.settings] or [("", study.seeds)]:
                steps = str(study.recipe(study.cell(domain, arm, seeds[0]))["steps"])
                rows.append((domain, arm.text, *([name] if at else []), ", ".join(map(str, seeds)), steps))
    return table(rows)


def _finish(session: Session, folder: Path, report: Path) -> None:
    from detente.cli.verdicts import range_lines, verdict_rows
    from detente.report.answer import answer
    from detente.report.references import baseline_sentence
    from detente.results.best import best_run, sampling
    from detente.results.outcomes import Outcome
    from detente.results.study import Study
    from detente.results.verdicts import Verdicts

    study = Study.open(folder)
    outcomes = [Outcome.of(cell) for cell in study.cells]
    verdicts = Verdicts(study, outcomes)
    said = answer(study, verdicts)[0]
    limits = verdicts.limits or "See the report for confidence intervals and tests."
    said = said if limits in said else f"{said}\n{limits}"
    baselines = [line for domain in study.domains if (line := baseline_sentence(study, domain, outcomes))]
    best = [run for domain in study.domains if (run := best_run(outcomes, domain))]
    took = sum(o.seconds or 0 for o in outcomes)
    parts = [
        table(verdict_rows(verdicts, outcomes)),
        *range_lines(verdicts),
        f"{_budget(study)}\n{duration(took)} total training time",
        f"{said}\nreport  {report}",
    ]
    text = "\n\n".join([*parts[:1], *baselines, *parts[1:]]) + f"\nresults {study.results}"
    for run in best:
        text += (
            f"\n\nbest on {run.cell.domain}: “{run.cell.arm.text}”, seed {run.cell.seed}, scaled {number(run.final)}"
        )
        text += f"\n  {run.cell.folder}\n  {sampling(run.cell.folder)}"
    data = {
        "study": folder,
        "against": study.against.text,
        "best": {run.cell.domain: run.cell.folder for run in best},
        "report": report,
        "results": study.results,
        "verdicts": [c.plain() for c in verdicts.comparisons],
        "ranges": [found.plain() for found in verdicts.ranges.values()],
        "interactions": [found.plain() for found in verdicts.interactions],
        "cells": [
            {
                "domain": o.cell.domain,
                "arm": o.cell.arm.text,
                "seed": o.cell.seed,
                "setting": o.cell.setting,
                "status": o.status,
                "scaled": o.final,
                "best": o.best,
                "run": o.cell.folder,
            }
            for o in outcomes
        ],
    }
    session.result(text, data)
