"""What a terminal shows: results on standard output, progress and messages on standard error."""

import json
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, TextIO

from detente.run import plain

PLAIN_SECONDS = 2.0
"""How often progress is written where no bar can be drawn."""

BOARD_SECONDS = 10.0
"""The same for a study."""

PREPARING = "detente.progress"
"""The logger to which data say, at level INFO, how far they are with what takes long: fetching, decoding."""

_log = logging.getLogger(__name__)


class Progress(Protocol):
    """What is shown of a run."""

    @property
    def step(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def terms(self) -> dict[str, float]: ...
    @property
    def primary(self) -> str: ...
    @property
    def scores(self) -> dict[str, float]: ...
    @property
    def scaled(self) -> float | None: ...


class Session:
    """One call of the command line: how it talks, and which run it is about.

    Attributes:
        json: results as one JSON document.
        quiet: no progress and no notes; errors and results remain.
        verbose: tracebacks, and every progress line.
        argv: the command as it was typed.
        run: the folder of the run that is being written to, once there is one.
        log: the file that has the traceback of an error.
    """

    def __init__(self, argv: list[str]) -> None:
        self.json = self.quiet = self.verbose = False
        self.argv = argv
        self.run: Path | None = None
        self.log: Path | None = None
        self._results = sys.stdout

    def result(self, text: str, data: Any) -> None:
        """What the command was asked for: the text, or the data where JSON was asked for."""
        if self.json:
            text = json.dumps(plain(data), indent=2, ensure_ascii=False)
        self._results.write(text.rstrip("\n") + "\n")
        self._results.flush()

    def note(self, text: str) -> None:
        """Something that a reader may want to know; not a result."""
        _log.info("%s", text)
        if not self.quiet:
            _write(text)

    def error(self, text: str) -> None:
        """Why the command failed."""
        start = "\x1b[1;31mError:\x1b[0m" if _colours(sys.stderr) else "Error:"
        _write(f"{start} {text}")


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
    return table([head, *rows]) + "\n* carries comparisons"


@contextmanager
def progress(session: Session, start: int = 0) -> Iterator[Callable[[Progress], None]]:
    """A function that shows a run's progress: a bar on a terminal, else a line now and then, with -q nothing."""
    if session.quiet:
        yield lambda progress: None
    elif _live():
        with _bar(start) as show:
            yield show
    else:
        yield _Lines(session.verbose)


@contextmanager
def warm_up(session: Session) -> Iterator[Callable[[int, int], None]]:
    """A function that shows how far a warm-up is: a bar on a terminal, else a line now and then, with -q nothing."""
    if session.quiet:
        yield lambda done, of: None
    elif _live():
        from rich.console import Console
        from rich.progress import Progress as Bars

        with Bars(console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("warm-up", total=None)
            yield lambda done, of: bars.update(task, completed=done, total=of)
    else:
        last = -math.inf

        def line(done: int, of: int) -> None:
            nonlocal last
            if time.monotonic() - last >= PLAIN_SECONDS:
                last = time.monotonic()
                session.note(f"warm-up {done}/{of}")

        yield line


class _Lines:
    """One line at every evaluation, and between them whenever some time has passed."""

    def __init__(self, every: bool) -> None:
        self._every = every
        self._first: tuple[int, float] | None = None
        self._last = time.monotonic()
        self._evaluated: tuple[dict[str, float], float | None] = {}, None

    def __call__(self, p: Progress) -> None:
        now = time.monotonic()
        self._first = self._first or (p.step, now)
        evaluated = p.scaled is not None and (p.scores, p.scaled) != self._evaluated
        if not (evaluated or self._every or now - self._last >= PLAIN_SECONDS):
            return
        self._last = now
        if evaluated:
            self._evaluated = dict(p.scores), p.scaled
        parts = [f"step {p.step}/{p.steps}", _scores(p) if evaluated else _values(p.terms)]
        start, began = self._first
        if start < p.step < p.steps:
            parts.append(f"{duration((now - began) / (p.step - start) * (p.steps - p.step))} left")
        text = "  ".join(part for part in parts if part)
        _log.info("%s", text)
        _write(text)


@contextmanager
def _bar(start: int) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    bars = Bars(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}", markup=False),
        console=console,
    )
    seen: tuple[dict[str, float], float | None] = {}, None
    with bars:
        task = bars.add_task("", total=None, now="")

        def show(p: Progress) -> None:
            nonlocal seen
            bars.update(task, total=p.steps, completed=p.step, now=_values(p.terms))
            if p.scaled is not None and (p.scores, p.scaled) != seen:
                seen = dict(p.scores), p.scaled
                text = f"step {p.step}  {_scores(p)}"
                _log.info("%s", text)
                console.print(text, markup=False, highlight=False, soft_wrap=True)

        bars.update(task, completed=start)
        yield show


@contextmanager
def board(session: Session) -> Iterator[Callable[[Any], None]]:
    """A function that shows how far a study is: what runs now in place on a terminal, else a line now and then."""
    shown: set[str] = set()
    last, finished = -math.inf, False

    def notes(board: Any) -> list[str]:
        fresh = [note for note in board.notes if note not in shown]
        shown.update(fresh)
        return fresh

    if not session.quiet and _live():
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(stderr=True)
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def draw(board: Any) -> None:
                for note in notes(board):
                    console.print(note, markup=False, highlight=False, soft_wrap=True)
                cells = [f"  {p.cell}  {_cell(p)}" for p in board.running[: max(1, console.height - 3)]]
                live.update(Text("\n".join([_total(board), *cells])), refresh=True)

            yield draw
        return

    def write(board: Any) -> None:
        nonlocal last, finished
        for note in notes(board):
            session.note(note)
        if (board.seconds - last >= BOARD_SECONDS or not board.running) and not finished:
            last, finished = board.seconds, not board.running and not board.count("pending")
            session.note("; ".join([_total(board), *(f"{p.cell} {_cell(p)}" for p in board.running)]))

    yield write


def _total(board: Any) -> str:
    states = ("finished", "diverged", "failed", "running", "elsewhere", "interrupted", "pending")
    counts = [f"{n} {state}" for state in states if (n := board.count(state))]
    left = f", {duration(board.seconds_left)} left" if board.seconds_left is not None else ""
    return f"{len(board.cells)} runs: {', '.join(counts)}, {duration(board.seconds)}{left}"


def _cell(p: Any) -> str:
    if p.warm_up:
        return "warm-up {}/{}".format(*p.warm_up)
    scaled = f"  scaled {number(p.scaled)}" if p.scaled is not None else ""
    left = f"  {duration(p.seconds_left)} left" if p.seconds_left is not None else ""
    return f"{p.step}/{p.steps}{scaled}{left}"


def _live() -> bool:
    """Whether lines on standard error can be drawn over."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _scores(p: Progress) -> str:
    return f"{p.primary} {number(p.scores.get(p.primary))}  scaled {number(p.scaled)}"


def _values(values: dict[str, float]) -> str:
    return "  ".join(f"{name} {number(value)}" for name, value in values.items())


def _colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    """A message; whoever closed standard error does without, which is no reason to stop training."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class _Messages(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _write(f"{record.levelname.capitalize()}: {record.getMessage()}")


class _Preparing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _write(record.getMessage())


@contextmanager
def messages(session: Session) -> Iterator[None]:
    """Show the warnings of détente and its plugins; Python's own go to a run's log, and with -v here too.

    What data say of their preparation is shown unless the session is quiet.
    """
    handler, preparing = _Messages(logging.WARNING), _Preparing(logging.INFO)
    # A plugin's loggers are called as its package is, which need not begin with our name.
    shown = {*(point.module.partition(".")[0] for point in entry_points(group="detente"))}
    shown |= {"py"} if session.verbose else set()
    handler.addFilter(lambda record: record.name.startswith("detente") or record.name.partition(".")[0] in shown)
    ours, root = logging.getLogger("detente"), logging.getLogger()
    before = ours.level
    logging.captureWarnings(True)
    ours.setLevel(logging.DEBUG)
    # With a handler at the root, Python does not show on standard error what nobody took.
    root.addHandler(handler)
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
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    session.log = path
    try:
        _log.info("$ %s", " ".join(session.argv))
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
