"""Flags that several verbs share, and what they do."""

import contextlib
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli import completion
from detente.cli.display import Session, messages
from detente.cli.grouping import EXPERIMENT, HOW, MESSAGES, PLACE
from detente.errors import UsageError, visible_name
from detente.files.named import Named
from detente.plugins import Host, discover, set_host
from detente.training import launched

MOST = 4096
"""Threads and parallel runs; no machine has more use for them."""
TOGETHER = ("train", "resume")
"""The verbs that several processes of torchrun may call together."""
NAMED: Any = Named
"""The class of every path on a command line, for typer's `path_type`, whose own types know text alone."""

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=MESSAGES)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Do not show progress or notes.", rich_help_panel=MESSAGES)]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Show the whole recipe, tracebacks and detailed progress.", rich_help_panel=MESSAGES
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Show what would be done without doing it.", rich_help_panel=MESSAGES)
]
NoPlugin = Annotated[
    list[str] | None,
    typer.Option("--no-plugin", metavar="NAME", help="Do not load this plugin; repeatable.", rich_help_panel=MESSAGES),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST,
        metavar="N",
        help="CPU threads (default: 1). Results can depend on it, so a run records it.",
        rich_help_panel=HOW,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(metavar="auto|cpu|cuda[:N]", help="Device to compute on (default: auto).", rich_help_panel=HOW),
]
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="fp32|bf16|fp64", help="Numeric precision of the networks (default: fp32).", rich_help_panel=HOW
    ),
]
ChannelsLast = Annotated[
    bool,
    typer.Option(
        "--channels-last", help="Keep the channels of pictures last in memory; faster with bf16.", rich_help_panel=HOW
    ),
]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Compile both networks with torch.compile; refused for regularizers that need second derivatives.",
        rich_help_panel=HOW,
    ),
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="The random seed (default: 0).", rich_help_panel=HOW)]
Steps = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Number of generator updates (default: those of the domain's recipe).", rich_help_panel=HOW
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(metavar="N", help="Batch size (default: that of the domain's recipe).", rich_help_panel=HOW),
]
Domain = Annotated[
    str | None,
    typer.Argument(
        metavar="[DOMAIN]", help="Domain; optional if the recipe names one.", autocompletion=completion.domains
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH",
        help="A data set by its name, or your own folder or file, such as ./pictures (see `detente data`).",
        rich_help_panel=EXPERIMENT,
        autocompletion=completion.data,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The architecture (default: that of the domain's recipe).",
        rich_help_panel=EXPERIMENT,
        autocompletion=completion.models,
    ),
]
Objective = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The adversarial loss (default: non-saturating).",
        rich_help_panel=EXPERIMENT,
        autocompletion=completion.objectives,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        metavar="SCORE",
        help="The score that is scaled and compared (default: the primary one of the model or the domain).",
        rich_help_panel=EXPERIMENT,
    ),
]
Chain = Annotated[
    list[str] | None,
    typer.Option(
        "--reg",
        metavar="CHAIN",
        help="A chain of regularizers, such as 'd:r1(gamma=1)+g:ema'. Several --reg are joined to one chain; only in "
        "compare is each --reg an arm of its own.",
        rich_help_panel=EXPERIMENT,
        autocompletion=completion.regularizers,
    ),
]
Arms = Annotated[
    list[str] | None,
    typer.Option(
        "--reg",
        metavar="CHAIN",
        help="One arm: a chain of regularizers, such as 'd:r1(gamma=1)+g:ema', or none; with settings of its own: "
        "'r1 with critic_steps=5'. Each --reg is another arm; elsewhere several --reg are joined to one chain.",
        rich_help_panel=EXPERIMENT,
        autocompletion=completion.regularizers,
    ),
]
Recipe = Annotated[
    Path | None,
    typer.Option(path_type=NAMED, metavar="FILE", help="Recipe file (YAML) to start from.", rich_help_panel=EXPERIMENT),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one entry of the recipe, such as model.width=32; repeatable.",
        rich_help_panel=EXPERIMENT,
    ),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="KEY=A,B,C",
        help="Train everything that is compared at several settings, such as lr=/4,x1,x4 (of both learning rates) or "
        "batch=16,64; each setting has seeds of its own. Repeatable.",
        rich_help_panel=EXPERIMENT,
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow", metavar="CODE", help="Train in spite of this finding; repeatable.", rich_help_panel=EXPERIMENT
    ),
]
Log = Annotated[
    str | None,
    typer.Option(
        metavar="A,B",
        help="Also log to these: tensorboard, wandb, or what a plugin adds.",
        rich_help_panel=PLACE,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, max=MOST, metavar="N", help="Number of parallel runs (default: one per CPU).", rich_help_panel=HOW
    ),
]
Executor = Annotated[
    str | None,
    typer.Option(
        metavar="local|ray",
        help="Where runs are trained: on this machine, or on the Ray cluster that RAY_ADDRESS names (default: local).",
        rich_help_panel=HOW,
    ),
]
RunFolder = Annotated[
    Path, typer.Argument(path_type=NAMED, metavar="RUN", help="Run folder.", autocompletion=completion.runs)
]
AnyFolder = Annotated[
    Path,
    typer.Argument(
        path_type=NAMED,
        metavar="RUN|STUDY|SEARCH",
        help="Folder of a run, study or search.",
        autocompletion=completion.folders,
    ),
]


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
        quiet or session.silent,
        verbose or above.get("verbose", False),
    )
    if launched.processes() > 1 and context.info_name not in TOGETHER:
        raise UsageError(f"{context.info_name} takes one process; torchrun is for {' and '.join(TOGETHER)} of one run.")
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
    """The number of seeds in a flag, a list of them, or those from one to another, as in `2000..2007`."""
    if between := re.fullmatch(r"(\d{1,18})\.\.(\d{1,18})", text.strip()):
        first, last = map(int, between.groups())
        if not 0 <= last - first < MOST:
            raise UsageError(f"--seeds {text}: should go from a seed to a later one, {MOST} at most.")
        return list(range(first, last + 1))
    if not re.fullmatch(r"\d+(\s*,\s*\d+)*,?", text.strip()):
        raise UsageError(
            f"--seeds {visible_name(text)}: give a number of seeds such as 5, or a list such as 0,1,2 or 7..12."
        )
    if any(len(part.strip()) > 19 for part in text.split(",")):
        raise UsageError(f"--seeds {text}: has too many digits; seeds are integers below 2^63.")
    numbers = [int(part) for part in text.split(",") if part.strip()]
    return numbers if "," in text else numbers[0]


def set_threads(threads: int | None) -> int:
    """Small networks are slower with more than one thread, and sums of several depend on how many there are."""
    import torch

    torch.set_num_threads(threads or 1)
    return torch.get_num_threads()
