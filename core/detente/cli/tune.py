"""`tune`, and resuming a search."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detente.cli import flags, own_data
from detente.cli.display import Session, number, table
from detente.cli.flags import begin
from detente.cli.folders import experiment_folder
from detente.cli.grouping import EXPERIMENT, HOW, PLACE, TRAINING, Grouped, example
from detente.cli.progress import board
from detente.errors import UsageError, typed

if TYPE_CHECKING:
    from detente.experiments.executors.base import Executor
    from detente.experiments.search.samplers import Sampler
    from detente.plugins import Host
    from detente.results.search import Tuning

_EXAMPLE = example('detente tune image --reg r1 --search "r1.gamma=log:0.001..100" --trials 12 --seeds 2')


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command(cls=Grouped, rich_help_panel=TRAINING, epilog=_EXAMPLE)(tune)


def tune(
    context: typer.Context,
    domain: flags.Domain = None,
    data: flags.Data = None,
    model: flags.Model = None,
    objective: flags.Objective = None,
    regs: flags.Chain = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=RANGE",
            help="Option to search and its range: log:LOW..HIGH, lin:LOW..HIGH or choice:A,B; repeatable.",
            rich_help_panel=EXPERIMENT,
        ),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(metavar="grid|random|tpe", help="How settings are chosen (default: tpe).", rich_help_panel=HOW),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="How many settings are tried (default: 20).", rich_help_panel=HOW)
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N|0,1,2", help="Seeds of each trial: how many, or which (default: 3).", rich_help_panel=HOW
        ),
    ] = None,
    fresh: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="New seeds for comparing the winner with the default and none (default: 6); with --vary, of each "
            "setting.",
            rich_help_panel=HOW,
        ),
    ] = None,
    vary: flags.Vary = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|NAME<X",
            help="The score that is scaled and optimized (default: the primary one of the model or the domain), or "
            "NAME<X: how soon it passes X.",
            rich_help_panel=EXPERIMENT,
        ),
    ] = None,
    jobs: flags.Jobs = None,
    executor: flags.Executor = None,
    wave: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Trials that are chosen together (default: 4). Results depend on it.", rich_help_panel=HOW
        ),
    ] = None,
    sampler_seed: Annotated[
        int | None, typer.Option(metavar="N", help="Random seed of the sampler.", rich_help_panel=HOW)
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A database for Optuna (default: a journal file in the search's folder).",
            rich_help_panel=PLACE,
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            path_type=flags.NAMED,
            metavar="FILE",
            help="File with all these settings; flags override it.",
            rich_help_panel=EXPERIMENT,
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
            help="Folder of the search; the same search in it is resumed (default: a new numbered one in studies).",
            rich_help_panel=PLACE,
        ),
    ] = None,
    dry_run: flags.DryRun = False,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Search for the coefficients that suit a domain.

    The winner is trained again on new seeds and compared with the default and with none. The
    same command resumes a search that was stopped.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    from detente.experiments import tune as tuning
    from detente.experiments.executors import kinds
    from detente.experiments.search import Wish
    from detente.results.search import Tuning

    given: dict[str, Any] = {
        "domain": domain,
        "data": own_data.chosen(session, host, data, domain, recipe),
        "model": model,
        "objective": objective,
        "reg": regs,
        "search": search,
        "sampler": sampler,
        "sampler_seed": sampler_seed,
        "trials": trials,
        "seeds": flags.seeds_of(seeds) if seeds is not None else None,
        "fresh": fresh,
        "vary": vary,
        "wave": wave,
        "metric": metric,
        "storage": storage,
        "recipe": recipe,
        "set": sets,
        "steps": steps,
        "batch": batch,
        "device": device,
        "precision": precision,
        "allow": allow,
        "log": flags.names(log),
    }
    wish = Wish.of(file, given)
    if wish.domain is None and wish.recipe is None:
        raise UsageError("tune needs a DOMAIN, or a --recipe that names one; `detente data` lists all data sets.")
    label = f"tune-{wish.domain or Path(wish.recipe or '').stem}"[:40].rstrip("-")
    with experiment_folder(session, Tuning, label, _finished, out=out, dry=dry_run) as folder:
        if dry_run:
            planned, chosen, notes = tuning.plan(wish, out=folder, host=host)
            for note in notes:
                session.note(note)
            session.result(_planned(planned, chosen), {"search": folder, "points": chosen.trials, **planned.content})
            return
        session.run = folder
        chosen = kinds.executor(executor, jobs, host.block)
        with board(session) as show:
            report = tuning.tune(wish, out=folder, host=host, executor=chosen, show=show, command=session.argv)
        _finish(session, folder, report)


def resume(session: Session, host: "Host", folder: Path, executor: "Executor") -> None:
    """Resume the search in a folder."""
    from detente.experiments import tune as tuning

    session.run = folder
    with board(session) as show:
        report = tuning.resume(folder, host=host, executor=executor, show=show)
    _finish(session, folder, report)


def _finished(tuning: "Tuning") -> bool:
    from detente.results.cells import SETTLED

    rivals = [tuning.rival_cell(rival, seed) for rival in tuning.rivals for seed in tuning.fresh_seeds]
    return bool(rivals) and all(cell.status in SETTLED for cell in rivals)


def _planned(tuning: "Tuning", chosen: "Sampler") -> str:
    content = tuning.content
    k, fresh = len(tuning.seeds), len(tuning.fresh_seeds)
    steps = content["recipes"]["default"]["steps"]
    rows = [("searched", "range", "now"), *((one.label, one.text, _now(tuning, one.key)) for one in chosen.ranges)]
    lines = [
        f"{tuning.folder}: {tuning.domain} with {tuning.chain}",
        "",
        table(rows),
        "",
        f"{chosen.trials} trials by {content['sampler']} with {k} seed(s) each: {chosen.trials * k} runs at most, of "
        f"{steps} steps",
        f"then the winner, the default and none on {fresh} new seeds each"
        + (
            f", at {len(tuning.settings)} settings: {'; '.join(one.name for one in tuning.settings)}"
            * bool(tuning.settings)
        ),
        f"optimizing {tuning.measure.text}",
    ]
    return "\n".join(lines)


def _now(tuning: "Tuning", key: str) -> str:
    from detente.recipe.keys import at
    from detente.results.search import short

    return short(at(tuning.content["recipes"]["default"], key))


def _finish(session: Session, folder: Path, report: Path) -> None:
    from detente.results.best import best_run, sampling
    from detente.results.outcomes import Outcome
    from detente.results.search import Tuning

    tuning = Tuning.open(folder)
    winner = tuning.winner
    rows = [("on new seeds", "score", "runs", "diverged")]
    rivals: list[dict[str, Any]] = []
    for rival in tuning.rivals:
        cells = [tuning.rival_cell(rival, seed) for seed in tuning.fresh_seeds]
        scores = [tuning.measure(cell) for cell in cells]
        found = [score for score in scores if score is not None]
        mean = sum(found) / len(found) if found else None
        diverged = sum(Outcome.of(cell).status == "diverged" for cell in cells)
        name = f"{rival.arm.text} *" if "winner" in rival.roles else rival.arm.text
        rows.append((name, "–" if mean is None else f"{mean:.3f}", str(len(cells)), str(diverged)))
        rivals.append({"text": rival.arm.text, "roles": rival.roles, "mean": mean, "scores": scores})
    if winner is None:
        lines = ["No trial has a score, so there is no winner.", "", f"report  {report}"]
    else:
        lines = [
            table(rows),
            "",
            f"* winner of the search as trial {winner.number} of {len(tuning.trials)}, mean score "
            f"{number(winner.mean)} in the search",
            *(["All complete trials have the same score: the search found no difference."] if tuning.undecided else []),
            "",
            f"report  {report}",
            f"recipe  {tuning.best}",
            f"next    {typed('detente', 'train', '--recipe', tuning.best)}",
        ]
        won = [rival for rival in tuning.rivals if "winner" in rival.roles]
        cells = [tuning.rival_cell(rival, seed) for rival in won for seed in tuning.fresh_seeds]
        if run := best_run([Outcome.of(cell) for cell in cells], tuning.domain):
            lines.append(f"        {sampling(run.cell.folder)}")
    data = {
        "search": folder,
        "report": report,
        "best": tuning.best if winner else None,
        "metric": tuning.measure.text,
        "winner": winner and {"number": winner.number, "params": winner.params, "mean": winner.mean},
        "fresh": rivals,
        "trials": [{**vars(trial), "mean": trial.mean} for trial in tuning.trials],
    }
    session.result("\n".join(lines), data)
