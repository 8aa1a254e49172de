"""The command line: finds the verb, and turns what goes wrong into one sentence and an exit code."""

import errno
import inspect
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from detente import plugins
from detente.cli import check, choose, compare, doctor, installed, new, resume, take, train, tune, use
from detente.cli.display import Session
from detente.cli.grouping import format_verbs
from detente.compat import unencodable
from detente.errors import DetenteError, Interrupted, PeerLost, UsageError, code_of, one_line, visible_name
from detente.files.heads import begun
from detente.files.standing import FULL, trouble
from detente.plugins.registry import Entry
from detente.training import launched
from detente.training.signals import on_signal

CLOSED = 128 + 13
"""Exit code after the reader of our output went away: what a shell reports for SIGPIPE."""
_COMPLETE = "_DETENTE_COMPLETE"
"""The variable by which a shell with our completion asks, as typer's scripts call it."""
_DISK = {
    errno.ENOSPC: "There is no space left on the disk",
    errno.EDQUOT: "There is no space left on the disk",
    errno.EFBIG: "A file would be larger than this system allows (see ulimit -f)",
    errno.EIO: "The disk does not work",
    errno.EROFS: "The disk cannot be written to",
    errno.ESTALE: "The disk is not there any more",
}
"""What to say where a disk fails, which may happen in the middle of a file and then has no file's name."""

# What typer raises for arguments that it cannot read has no public name; this is the base of those that have one.
_BadCommandLine: Any = typer.BadParameter.__mro__[2]


class _Verbs(TyperGroup):
    """Our own verbs, and behind them those of plugins, which are found when one is asked for and for the list of all.

    A plugin's verb cannot stand in for one of ours, and one that cannot be imported breaks nothing but itself.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        try:
            return [*own, *sorted(_declared().keys() - set(own))]
        except DetenteError:  # of the plugins that DETENTE_PLUGINS names: whoever uses one is told
            return own

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        format_verbs(self, ctx, formatter)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = super().get_command(ctx, cmd_name)
        return found or (_verb(_declared()[cmd_name]) if cmd_name in _declared() else None)


def _declared() -> dict[str, Entry]:
    return {entry.name: entry for entry in plugins.host().entries("verb")}


def _verb(entry: Entry) -> Any:
    """The command of a plugin's verb; where it cannot be had, one that says why when it is called."""
    try:
        found = plugins.host().load("verb", entry.name)
        if not inspect.isroutine(found):
            raise entry.unusable(f"{entry.target} is not a function")
        return _command(found, entry.name, entry.summary)
    except DetenteError as error:
        reason = error
    except Exception as error:  # Typer's, about a parameter of a type that it does not know
        reason = entry.unusable(one_line(error).rstrip("."))

    def broken() -> None:
        raise reason

    return _command(broken, entry.name, f"Cannot be used: {entry.origin} is broken.")


def _command(function: Callable[..., Any], name: str, summary: str) -> Any:
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name=name, help=summary or None)(function)
    return typer.main.get_command(alone)


app = typer.Typer(
    name="detente",
    cls=_Verbs,
    help="Train GANs under interchangeable regularizers and compare them.",
    # Plain help and our own errors: rich's would cost more time than listing the plugins.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"detente {version('detente')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


for verbs in (train, resume, check, use, take, compare, tune, choose, installed, doctor, new):
    verbs.add_to(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. `detente` and `python -m detente` end with it."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    unencodable()
    if _COMPLETE in os.environ:  # a shell asks for what may come next
        typer.main.get_command(app)(prog_name="detente")
    session = Session(["detente", *arguments])
    arguments = arguments or ["--help"]
    logging.raiseExceptions = False  # a log that cannot be written must not hide what it was about
    try:
        with on_signal(_unwind, signal.SIGTERM):
            code = _invoke(arguments, session)
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        # Python would complain once more when it flushes at exit.
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), sys.stdout.fileno())
        return CLOSED


def _invoke(arguments: list[str], session: Session) -> int:
    try:
        # As typer's own main, without its handling of errors: it cuts off what an interruption has to say.
        with typer.main.get_command(app).make_context("detente", arguments, obj=session) as context:
            context.command.invoke(context)
        return 0
    except typer.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        raise
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        session.silent = not launched.speaks(error)
        code = _report(error, session)
        if session.verbose and not session.silent and not isinstance(error, KeyboardInterrupt):
            traceback.print_exc()
        return code


def _report(error: BaseException, session: Session) -> int:
    """Say what went wrong; the exit code."""
    # Where nothing has begun, there is nothing to resume, and the same command begins.
    again = bool(session.run) and not begun(session.run)
    resume = launched.command(*_again(session) if again else ("resume", session.run)) if session.run else None
    if isinstance(error, DetenteError):
        session.error(str(error))
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        code = code_of(error)
        what = "Another process of this run has ended." if isinstance(error, PeerLost) else "Interrupted."
        session.error(f"{what} {'Start again' if again else 'Resume'} with: {resume}" if resume else what)
        return code
    if isinstance(error, _BadCommandLine):
        context = getattr(error, "ctx", None)  # that base has no public type
        help_ = f" See `{context.command_path} --help`." if context else ""
        session.error(f"{_message(error)}{help_}")
        return UsageError.exit_code
    if isinstance(error, OSError) and error.errno in _DISK and not (error.errno == errno.EROFS and error.filename):
        where = f" at {visible_name(str(error.filename))}" if error.filename else ""
        full = error.errno in FULL
        do = "Free some space" if full else "Choose another folder, or repair that"
        kept = f" Nothing that was written is lost. {do}, then run: {resume}" if resume else f" {do}."
        session.error(f"{_DISK[error.errno]}{where}.{kept}")
        return 1
    if isinstance(error, OSError) and error.filename is not None:
        where = visible_name(str(error.filename))
        session.error(f"{where}: {trouble(error)}. Change that, or choose another file or folder.")
        return UsageError.exit_code
    if _is_too_large(error):
        session.error(
            f"There is not enough memory ({one_line(error)}). Ask for less: batch, sizes of the model, samples."
        )
        return UsageError.exit_code
    where = f"The traceback is in {session.log}" if session.log else "Add -v to see the traceback"
    session.error(f"{one_line(error)}. This is a bug in détente or in a plugin. {where}.")
    return 1


def _again(session: Session) -> list[str]:
    from detente.experiments.planning import masked

    return [masked(word) for word in session.argv[1:]]


def _is_too_large(error: BaseException) -> bool:
    if "torch" not in sys.modules:
        return isinstance(error, MemoryError)
    from detente.training.sizes import is_too_large

    return is_too_large(error)


def _message(error: Any) -> str:
    """What typer says, as a sentence."""
    text = visible_name(str(error.format_message()).strip())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _unwind(number: int) -> None:
    """SIGTERM unwinds as Ctrl-C does, so that whatever is under way is put in order."""
    raise Interrupted(number)
