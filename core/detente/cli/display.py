"""What a terminal shows: results on standard output, progress and messages on standard error."""

import codecs
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from detente.errors import LogFormatter, clipped, typed, visible
from detente.files import appending, plain
from detente.plugins.loader import installed
from detente.training import launched

PREPARING = "detente.progress"
"""The logger to which data say, at level INFO, how far they are with what takes long: fetching, decoding."""

_log = logging.getLogger(__name__)


class Session:
    """One call of the command line: how it talks, and which run it is about.

    Attributes:
        json: results as one JSON document.
        quiet: no progress and no notes; errors and results remain.
        verbose: tracebacks, and every progress line.
        argv: the command as it was typed.
        run: the folder of the run that is being written to, once there is one.
        log: the file that has the traceback of an error.
        silent: another process of this run speaks for this one.
    """

    def __init__(self, argv: list[str]) -> None:
        self.json = self.quiet = self.verbose = False
        self.argv = argv
        self.run: Path | None = None
        self.log: Path | None = None
        self.silent = launched.index() > 0
        self._results = sys.stdout

    def result(self, text: str, data: Any) -> None:
        """What the command was asked for: the text, or the data where JSON was asked for."""
        if self.silent:
            return
        if self.json:
            whole = codecs.lookup(self._results.encoding or "ascii").name == "utf-8"
            text = json.dumps(plain(data), indent=2, ensure_ascii=not whole)
        else:
            text = visible(text)
        self._results.write(text.rstrip("\n") + "\n")
        self._results.flush()

    def note(self, text: str) -> None:
        """Something that a reader may want to know; not a result."""
        _log.info("%s", text)
        if not self.quiet:
            write(text)

    def error(self, text: str) -> None:
        """Why the command failed."""
        if not self.silent:
            write(clipped(text), "\x1b[1;31mError:\x1b[0m " if _colours(sys.stderr) else "Error: ")


def duration(seconds: float) -> str:
    """`42 s`, `3:05` or `2:03:05`."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def number(value: float | None) -> str:
    """A score or a term in a table."""
    return "–" if value is None or value != value else f"{value:.4g}"


def table(rows: list[tuple[str, ...]], indent: int = 0) -> str:
    """Aligned columns, two spaces apart; the last one is not padded."""
    rows = [tuple(visible(cell).replace("\n", " ") for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join((" " * indent + line).rstrip() for line in lines)


def scores_table(scores: dict[str, Any], references: dict[str, dict[str, Any]], primary: str) -> str:
    """A generator's scores beside those of the rows that they are read against."""
    head = ("score", "generator", *references)
    rows = [
        (
            f"{name} *" if name == primary else name,
            number(value),
            *(number(row.get(name)) for row in references.values()),
        )
        for name, value in scores.items()
    ]
    return table([head, *rows]) + "\n* primary score, used for comparisons"


def _colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write(text: str, start: str = "") -> None:
    """Write a message, in which no name steers the terminal, after a start that may.

    If standard error was closed, training continues without it.
    """
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{start}{visible(text)}\n")
        sys.stderr.flush()


class _Messages(logging.Handler):
    """Shows each warning once: data are made for every recipe that is looked at, and say the same each time."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() in self._said:
            return
        self._said.add(record.getMessage())
        write(f"{record.levelname.capitalize()}: {clipped(record.getMessage())}")


class _Preparing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        write(record.getMessage())


@contextmanager
def messages(session: Session) -> Iterator[None]:
    """Show the warnings of détente and its plugins; Python's own go to a run's log, and with -v here too.

    What data say of their preparation is shown unless the session is quiet.
    """
    handler = logging.NullHandler() if session.silent else _Messages(logging.WARNING)
    preparing = _Preparing(logging.INFO)
    shown = {"py"} if session.verbose else set[str]()
    handler.addFilter(lambda record: record.name.startswith("detente") or record.name.partition(".")[0] in shown)
    ours, root = logging.getLogger("detente"), logging.getLogger()
    before = ours.level
    logging.captureWarnings(True)
    ours.setLevel(logging.DEBUG)
    # With a handler at the root, Python does not show on standard error what nobody took.
    root.addHandler(handler)
    # A plugin's loggers are called as its package is, which need not begin with our name.
    shown |= {package for found in installed() if (package := found.package)}
    if not session.quiet:
        logging.getLogger(PREPARING).addHandler(preparing)
    try:
        yield
    finally:
        root.removeHandler(handler)
        logging.getLogger(PREPARING).removeHandler(preparing)
        logging.captureWarnings(False)
        ours.setLevel(before)


@contextmanager
def log_to(session: Session, path: Path) -> Iterator[None]:
    """Append everything that is said meanwhile to a file, with the traceback of what goes wrong."""
    appending(path).close()  # nothing is written through a link
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace", delay=True)
    handler.setFormatter(LogFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    session.log = path
    try:
        _log.info("$ %s", typed(*session.argv))
        yield
    except KeyboardInterrupt as error:
        _log.info("stopped: %s", error or "Ctrl-C")
        raise
    except BaseException:
        _log.info("failed", exc_info=True)  # for the file; the command line says it in a sentence
        raise
    finally:
        root.removeHandler(handler)
        handler.close()
