"""`doctor`: what is wrong with this machine, or what went wrong in a run, a study or a search."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detente.cli import flags, installed
from detente.cli.display import table
from detente.cli.flags import begin
from detente.cli.grouping import LOOKING, Grouped, example
from detente.errors import PluginError
from detente.files.heads import head_of

if TYPE_CHECKING:
    from detente.cli.display import Session
    from detente.plugins import Host

_EXAMPLE = example("detente doctor", "detente doctor runs/00001-image-r1")


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command(cls=Grouped, rich_help_panel=LOOKING, epilog=_EXAMPLE)(doctor)


def doctor(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            path_type=flags.NAMED,
            metavar="[RUN|STUDY|SEARCH]",
            help="Folder of a run, study or search; without one, this machine is checked.",
            autocompletion=flags.completion.folders,
        ),
    ] = None,
    json: flags.Json = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Check this machine: versions, device, plugins, disk. With a folder: say what went wrong in its runs.

    Exit code 3 says that something of the machine is broken. What is found in runs is a result: the exit code is 0.
    """
    session, host = begin(context, json=json, verbose=verbose, no_plugin=no_plugin)
    if folder is None:
        _machine(session, host)
    elif head_of(folder):
        _many(session, folder)
    else:
        _one(session, folder)


def _machine(session: "Session", host: "Host") -> None:
    checks = installed.checks(host)
    broken = [check for check in checks if check["status"] == "broken"]
    text = table([(check["status"], check["what"], check["found"]) for check in checks])
    if not session.json:
        text += f"\n\n{len(broken)} broken" if broken else "\n\nno problems found"
    session.result(text, {"checks": checks, "broken": len(broken)})
    if broken:
        raise typer.Exit(PluginError.exit_code)


def _one(session: "Session", folder: Path) -> None:
    from detente.results.doctor.rules import RULES, examine
    from detente.training.run_folder import Run

    run = Run.there(folder)
    found = examine(run)
    lines = [f"{each.code}: {each}" for each in found] or [_nothing(run.sound[0], len(RULES))]
    session.result("\n".join(lines), {"run": folder, "found": [each.plain() for each in found]})


def _nothing(info: dict[str, Any], rules: int) -> str:
    status = info.get("status", "pending")
    said = f"nothing found by any of {rules} rules"
    return said if status == "finished" else f"{said}; the run is not finished, its status is {status}"


def _many(session: "Session", folder: Path) -> None:
    from detente.results.doctor.many import of_arms
    from detente.results.reading import manifest_of

    manifest = manifest_of(folder)
    assert manifest is not None, "the file was there"
    arms = of_arms(manifest)
    rows = [
        (arm.domain, arm.text, code, f"{len(runs)} of {arm.runs} runs", f"{runs[0]}")
        for arm in arms
        for code, runs in arm.found.items()
    ]
    well = sum(not arm.found for arm in arms)
    head = ("domain", "arm", "found", "in", "such as")
    text = table([head, *rows]) if rows else ""
    text += f"\n\n{well} of {len(arms)} arms without a finding; `detente doctor` with a run's folder says more of it"
    text = "\n".join([text.lstrip("\n"), *manifest.damaged])
    data = {"folder": folder, "arms": [arm.plain() for arm in arms], "damaged": manifest.damaged}
    session.result(text, data)
