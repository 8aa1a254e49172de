"""Flags that several verbs share, and what they do."""

import contextlib
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.display import Session, messages
from detente.errors import UsageError
from detente.plugins import Host, discover, set_host

MOST = 4096
"""Threads and parallel runs; no machine has more use for them."""
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Do not show progress or notes.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks and detailed progress.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be done without doing it.")]
NoPlugin = Annotated[
    list[str] | None, typer.Option("--no-plugin", metavar="NAME", help="Do not load this plugin; repeatable.")
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1, max=MOST, metavar="N", help="CPU threads (default: 1). Results can depend on it, so a run records it."
    ),
]
Device = Annotated[str | None, typer.Option(metavar="auto|cpu|cuda[:N]", help="Device to compute on.")]
Precision = Annotated[str | None, typer.Option(metavar="fp32|bf16|fp64", help="Numeric precision of the networks.")]
Seed = Annotated[int | None, typer.Option(metavar="N", help="The random seed.")]
Steps = Annotated[int | None, typer.Option(metavar="N", help="Number of generator updates.")]
Batch = Annotated[int | None, typer.Option(metavar="N", help="Batch size.")]
Recipe = Annotated[Path | None, typer.Option(metavar="FILE", help="Recipe file (YAML) to start from.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one entry of the recipe; repeatable.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="CODE", help="Train in spite of this finding; repeatable."),
]
Log = Annotated[
    str | None, typer.Option(metavar="A,B", help="Also log to these: tensorboard, wandb, or what a plugin adds.")
]
Jobs = Annotated[
    int | None, typer.Option(min=1, max=MOST, metavar="N", help="Number of parallel runs (default: one per CPU).")
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]


def begin(
    context: typer.Context,
    *,
    json: bool = False,
    quiet: bool = False,
    verbose: bool = False,
    no_plugin: list[str] | None = None,
) -> tuple[Session, Host]:
    """Put the shared flags into effect for as long as the verb runs; the session, and the plugins that it may use.

    Standard output carries results alone: whatever a plugin prints goes to standard error.
    """
    session: Session = context.obj
    # Said to a group of commands (`detente plugins --json show r1`), a flag holds for its commands too.
    above = context.parent.params if context.parent else {}
    session.json, session.quiet, session.verbose = (
        json or above.get("json", False),
        quiet,
        verbose or above.get("verbose", False),
    )
    context.with_resource(contextlib.redirect_stdout(sys.stderr))
    context.with_resource(messages(session))
    host = discover([*(no_plugin or ()), *(above.get("no_plugin") or ())])
    set_host(host)
    context.call_on_close(lambda: set_host(None))
    return session, host


def names(text: str | None) -> list[str] | None:
    """The names in a list with commas; None where no list was given."""
    return None if text is None else [name for part in text.split(",") if (name := part.strip())]


def seeds_of(text: str) -> int | list[int]:
    """The number of seeds in a flag, or a list of them."""
    if not re.fullmatch(r"\d+(\s*,\s*\d+)*,?", text.strip()):
        raise UsageError(f"--seeds {text}: give a number of seeds such as 5, or a list such as 0,1,2.")
    if any(len(part.strip()) > 19 for part in text.split(",")):
        raise UsageError(f"--seeds {text}: has too many digits; seeds are integers below 2^63.")
    numbers = [int(part) for part in text.split(",") if part.strip()]
    return numbers if "," in text else numbers[0]


def set_threads(threads: int | None) -> int:
    """Small networks are slower with more than one thread, and sums of several depend on how many there are."""
    import torch

    torch.set_num_threads(threads or 1)
    return torch.get_num_threads()
