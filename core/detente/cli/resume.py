"""`resume`: a run, a study or a search that was stopped."""

import importlib

import typer

from detente.cli import flags
from detente.cli.flags import begin
from detente.cli.grouping import TRAINING, Grouped, example
from detente.cli.running import RUNS, carry_out
from detente.errors import UsageError
from detente.files.heads import MANY, head_of, is_export
from detente.files.standing import has_file
from detente.training import launched


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command(cls=Grouped, rich_help_panel=TRAINING, epilog=example("detente resume runs/00001-image-r1"))(resume)


def resume(
    context: typer.Context,
    folder: flags.AnyFolder,
    device: flags.Device = None,
    threads: flags.Threads = None,
    jobs: flags.Jobs = None,
    executor: flags.Executor = None,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Resume a run, a study or a search that was stopped.

    A run continues from its newest checkpoint, and ends with the same numbers as if it had not been stopped.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    head = head_of(folder)
    verb = MANY[head] if head else None
    if verb and (device, threads) != (None, None):
        raise UsageError(
            f"{folder}: has many runs with their own recipes; --device and --threads are for a single run."
        )
    if verb and launched.processes() > 1:
        raise UsageError(f"{folder}: has many runs, which --jobs shares among processes; torchrun is for a single run.")
    if verb:
        from detente.experiments.executors import kinds

        chosen = kinds.executor(executor, jobs, host.block)
        importlib.import_module(f"detente.cli.{verb}").resume(session, host, folder, chosen)
        return
    from detente import recipe as recipes
    from detente.training.run_folder import no_run

    if not has_file(folder / "recipe.yaml") or is_export(folder):
        raise no_run(folder, "recipe.yaml")
    for flag, value in (("--jobs", jobs), ("--executor", executor)):
        if value is not None:
            raise UsageError(f"{folder}: is a single run; {flag} only works for a study or a search.")
    resolved = recipes.resolve(folder / "recipe.yaml", host=host)
    carry_out(session, host, resolved, folder, RUNS, threads, device, resumed=True)
