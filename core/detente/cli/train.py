"""`train`: one run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detente.cli import flags, own_data
from detente.cli.before import before_in, note_duration
from detente.cli.display import Session
from detente.cli.flags import begin
from detente.cli.grouping import PLACE, TRAINING, Grouped, example
from detente.cli.running import RUNS, carry_out
from detente.errors import UsageError, typed
from detente.files.standing import check_folder

if TYPE_CHECKING:
    from detente.plugins import Host
    from detente.recipe.resolved import Resolved

_EXAMPLE = example(
    'detente train image --reg "r1(gamma=1, every=4)" --reg g:ema --steps 2000',
    "detente train molecule --data ./my-molecules.csv",
)


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command(cls=Grouped, rich_help_panel=TRAINING, epilog=_EXAMPLE)(train)


def train(
    context: typer.Context,
    domain: flags.Domain = None,
    data: flags.Data = None,
    model: flags.Model = None,
    objective: flags.Objective = None,
    metric: flags.Metric = None,
    recipe: flags.Recipe = None,
    sets: flags.Set = None,
    regs: flags.Chain = None,
    steps: flags.Steps = None,
    batch: flags.Batch = None,
    seed: flags.Seed = None,
    device: flags.Device = None,
    precision: flags.Precision = None,
    channels_last: flags.ChannelsLast = False,
    compile: flags.Compile = False,
    allow: flags.Allow = None,
    log: flags.Log = None,
    out: Annotated[
        Path,
        typer.Option(
            path_type=flags.NAMED,
            metavar="DIR",
            help="Folder in which a numbered run folder is created.",
            rich_help_panel=PLACE,
        ),
    ] = RUNS,
    folder: Annotated[
        Path | None,
        typer.Option(
            path_type=flags.NAMED,
            metavar="DIR",
            help="Folder of this run; an unfinished run of the same recipe in it is resumed.",
            rich_help_panel=PLACE,
        ),
    ] = None,
    threads: flags.Threads = None,
    dry_run: flags.DryRun = False,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Train one generative adversarial network."""
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    if domain is None and recipe is None:
        raise UsageError("train needs a DOMAIN, or a --recipe that names one; `detente data` lists all data sets.")
    from detente import recipe as recipes

    given = {
        "data": own_data.chosen(session, host, data, domain, recipe),
        "model": model,
        "objective": objective,
        "metric": metric,
        "steps": steps,
        "batch": batch,
        "seed": seed,
        "device": device,
        "precision": precision,
        "channels_last": channels_last or None,
        "compile": "both" if compile else None,
        "allow": allow,
        "log": flags.names(log),
    }
    _refuse_arms(regs or [], domain)
    resolved = recipes.resolve(recipe, domain, sets or (), regs or (), given, host)
    if dry_run:
        _look(session, host, resolved, folder, out)
        session.result(resolved.recipe.to_yaml(), resolved.recipe.plain())
        return
    carry_out(session, host, resolved, folder, out, threads)


def _look(session: Session, host: "Host", resolved: "Resolved", folder: Path | None, out: Path) -> None:
    """Refuse what training would refuse, and say what it would say first.

    Raises:
        UsageError, PluginError: as in `build` and `make_loggers`, or the folder cannot be made, or has a run of another
            recipe or of other data, or one that is further already.
    """
    from detente.training.build import build
    from detente.training.loggers import make_loggers
    from detente.training.run_folder import Run
    from detente.training.scale import check_run
    from detente.training.trainer import Trainer

    before = before_in(folder, resolved.recipe, host) if folder else {}
    make_loggers(resolved.recipe.log, host)
    built = build(resolved, host, dry=True)
    built.refuse()
    start = 0
    if folder and before:
        start = Trainer(built, Run(folder), host).restore()
    else:
        check_run(built)
    check_folder(folder or out)
    for finding in built.findings:
        session.note(f"Note: {finding}")
    note_duration(session, built, host, start)


def _refuse_arms(regs: list[str], domain: str | None) -> None:
    """Whoever joins `none` to something means two arms.

    Raises:
        UsageError: that is so.
    """
    if len(regs) > 1 and "none" in (text.strip() for text in regs):
        arms = [word for text in regs for word in ("--reg", text)]
        raise UsageError(
            "--reg none: several --reg are joined to one chain here, and none is the empty chain; leave it out. To "
            f"compare them as arms: {typed('detente', 'compare', domain or 'DOMAIN', *arms)}"
        )
