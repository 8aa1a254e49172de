"""`choose`, and resuming a selection."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detente.cli import flags, own_data
from detente.cli.display import Session, duration, table
from detente.cli.flags import begin
from detente.cli.folders import experiment_folder
from detente.cli.grouping import EXPERIMENT, HOW, PLACE, TRAINING, Grouped, example
from detente.cli.progress import board
from detente.errors import StudyError, UsageError, typed

if TYPE_CHECKING:
    from detente.experiments.executors.base import Executor
    from detente.plugins import Host
    from detente.results.choice import Choice

_EXAMPLE = example(
    "detente choose image --budget 30m",
    'detente choose molecule --data ./my-molecules.csv --cells 120 --vary "lr=/4,x1,x4"',
)
_ROWS = 8


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command(cls=Grouped, rich_help_panel=TRAINING, epilog=_EXAMPLE)(choose)


def choose(
    context: typer.Context,
    domain: flags.Domain = None,
    data: flags.Data = None,
    model: flags.Model = None,
    objective: flags.Objective = None,
    metric: flags.Metric = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long it may take, such as 30m or 2h: the first run is timed, and from then on it is a number of "
            "runs. Runs have fewer steps than the recipe's where it buys too few of those, unless you give --steps.",
            rich_help_panel=HOW,
        ),
    ] = None,
    cells: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Or how many runs: 60 give a first answer, 120 a good one.", rich_help_panel=HOW
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="CHAIN",
            help="Try this too, such as a regularizer of your own; repeatable.",
            rich_help_panel=EXPERIMENT,
            autocompletion=flags.completion.regularizers,
        ),
    ] = None,
    vary: flags.Vary = None,
    jobs: flags.Jobs = None,
    executor: flags.Executor = None,
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
            help="Folder of the selection; the same one in it is resumed (default: a new numbered one in studies).",
            rich_help_panel=PLACE,
        ),
    ] = None,
    dry_run: flags.DryRun = False,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Find the regularizer that suits your data, within a budget.

    Candidates are compared with none on common seeds, the worse half is dropped again and again, and the one that is
    left is tested on fresh seeds. It ends with a recipe and how sure that is. The same command resumes a selection that
    was stopped.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    from detente.experiments import choose as selection
    from detente.experiments.budget import seconds_of
    from detente.experiments.executors import kinds
    from detente.results.choice import Choice

    if domain is None and recipe is None:
        raise UsageError("choose needs a DOMAIN, or a --recipe that names one; `detente data` lists all data sets.")
    how: dict[str, Any] = {
        "cells": cells,
        "budget": None if budget is None else seconds_of(budget),
        "also": also or [],
        "vary": vary or [],
        "sets": sets or [],
        "recipe": recipe,
        "flags": {
            "data": own_data.chosen(session, host, data, domain, recipe),
            "model": model,
            "objective": objective,
            "metric": metric,
            "allow": allow,
            "steps": steps,
            "batch": batch,
            "device": device,
            "precision": precision,
            "log": flags.names(log),
        },
        "asked": _asked(context),
    }
    label = f"choose-{domain or Path(recipe or '').stem}"[:40].rstrip("-")
    with experiment_folder(session, Choice, label, _finished, out=out, dry=dry_run) as folder:
        if dry_run:
            planned, notes = selection.plan(domain, out=folder, host=host, at_once=jobs, **how)
            for note in notes:
                session.note(note)
            session.result(_planned(planned), {"selection": folder, **planned.content})
            return
        session.run = folder
        how["executor"] = kinds.executor(executor, jobs, host.block)
        try:
            with board(session) as show:
                selection.choose(domain, out=folder, host=host, show=show, command=session.argv, **how)
        except StudyError:  # what the other runs say holds
            _finish(session, folder)
            raise
        _finish(session, folder)


def resume(session: Session, host: "Host", folder: Path, executor: "Executor") -> None:
    """Resume the selection in a folder."""
    from detente.experiments import choose as selection

    session.run = folder
    try:
        with board(session) as show:
            selection.resume(folder, host=host, executor=executor, show=show)
    except StudyError:
        _finish(session, folder)
        raise
    _finish(session, folder)


_REPEATED = ("data", "model", "objective", "metric", "recipe", "sets", "steps", "batch", "device", "precision")
_REPEATED += ("allow", "log")


def _asked(context: typer.Context) -> list[str]:
    """The flags that a command which goes on from here has too, as they were typed."""
    names = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    found: list[str] = []
    for name in _REPEATED:
        value = context.params.get(name)
        values = value if isinstance(value, list | tuple) else [] if value is None else [value]
        found += [word for each in values for word in (names[name], str(each))]
    return found


def _finished(choice: "Choice") -> bool:
    return choice.complete


def _planned(choice: "Choice") -> str:
    from detente.results.selection import fresh_blocks

    shown = choice.tried or choice.candidates
    families: dict[str, list[str]] = {}
    for arm, entry in zip(shown, choice.content["candidates"], strict=False):
        families.setdefault(entry["family"], []).append(arm.text)
    size = (
        f"{choice.cells} runs"
        if choice.cells
        else f"{duration(choice.content['budget'])}, turned into runs by the first"
    )
    steps = choice.content["recipes"]["none"]["steps"]
    lines = [
        f"{choice.folder}: {choice.domain}, {size}, of {steps} steps",
        "",
        table([("family", "candidates"), *((family, ", ".join(texts)) for family, texts in families.items())]),
    ]
    if choice.cut:
        rows = [(family, ", ".join(texts)) for family, texts in choice.cut.items()]
        lines += ["", table([("too few runs", f"for more than {len(choice.tried)} candidates, so without"), *rows])]
    if choice.refused:
        lines += ["", table([("not tried", "why"), *((e["text"], e["why"]) for e in choice.refused)])]
    if choice.settings:
        lines += ["", f"at {len(choice.settings)} settings in turn: {'; '.join(one.name for one in choice.settings)}"]
    if choice.cells:
        lines += [
            "",
            f"then the one that is left and none on {fresh_blocks(choice.cells, choice.turn)} fresh blocks or more",
        ]
    return "\n".join(lines)


def _finish(session: Session, folder: Path) -> None:
    from detente.report.recommendation import sentence, surer, ties
    from detente.results.choice import Choice

    choice = Choice.open(folder)
    found = choice.selection
    said, (more, command) = sentence(choice, found), surer(choice, found)
    rows = [("candidate", "blocks", "Δ from none in the search")]
    standing = (
        []
        if found is None
        else sorted(
            (
                (-len(found.search(i)), -(mean or 0.0), arm.text, mean)
                for i, arm in enumerate(choice.tried)
                for mean in [found.mean(i)]
            ),
            key=lambda row: row[:2],
        )
    )
    rows += [(text, str(-n), "–" if mean is None else f"{mean:+.3f}") for n, _, text, mean in standing[:_ROWS]]
    out = len(choice.refused) + sum(map(len, choice.cut.values()))
    lines = [said, f"{more} {command}", *filter(None, [ties(choice, found)]), "", table(rows)]
    lines += [f"and {len(standing) - _ROWS} more candidates"] if len(standing) > _ROWS else []
    lines += [f"not tried: {out}; the report says which, and why"] if out else []
    lines += ["", f"report  {choice.report}", f"results {choice.results}"]
    if choice.recipe.is_file():
        lines += [f"recipe  {choice.recipe}", f"next    {typed('detente', 'train', '--recipe', choice.recipe)}"]
    test = None if found is None else found.test
    session.result(
        "\n".join(lines),
        {
            "selection": folder,
            "recommendation": said,
            "surer": command,
            "verdict": test and test.verdict,
            "chosen": choice.chosen.text if choice.chosen else None,
            "recommended": choice.recommended.text if choice.recommended else None,
            "test": test
            and {"differences": test.differences, "mean": test.mean, "interval": test.interval, "p": test.p},
            "search": [{"candidate": text, "blocks": -n, "mean": mean} for n, _, text, mean in standing],
            "ties": [choice.tried[i].text for i in found.ties] if found else [],
            "refused": choice.refused,
            "cut": choice.cut,
            "cells": choice.cells,
            "timed": choice.content.get("timed"),
            "recipe": choice.recipe if choice.recipe.is_file() else None,
            "report": choice.report,
            "results": choice.results,
        },
    )
