"""How far a run, a warm-up or a study is: bars on a terminal, lines elsewhere, both on standard error."""

import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from detente.cli.display import Session, duration, number, write
from detente.errors import visible
from detente.hookspecs import RunView

if TYPE_CHECKING:
    from detente.experiments.executors.base import Board, CellProgress

_log = logging.getLogger(__name__)


PLAIN_SECONDS = 2.0
"""How often progress is written where no bar can be drawn."""


BOARD_SECONDS = 10.0
"""The same for a study."""


NARROW = 80
"""Columns up to which the bar is short, so that there is room for terms of the loss."""

_TIMES = len("/ 0:00:00 remaining 0:00:00 ") + 3
"""Columns of a bar's line beside the bar, the steps and the terms."""


@contextmanager
def progress(session: Session, start: int = 0) -> Iterator[Callable[[RunView], None]]:
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

    def __call__(self, p: RunView) -> None:
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
            parts.append(f"{duration((now - began) / (p.step - start) * (p.steps - p.step))} remaining")
        text = "  ".join(part for part in parts if part)
        _log.info("%s", text)
        write(text)


@contextmanager
def _bar(start: int) -> Iterator[Callable[[RunView], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    width = 24 if console.width > NARROW else 8
    bars = Bars(
        BarColumn(bar_width=width),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("remaining"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}", markup=False),
        console=console,
    )
    seen: tuple[dict[str, float], float | None] = {}, None
    with bars:
        task = bars.add_task("", total=None, now="")

        def show(p: RunView) -> None:
            nonlocal seen
            bars.update(task, total=p.steps, completed=p.step, now="")
            taken = width + 2 * len(str(p.steps)) + _TIMES
            bars.update(task, now=visible(_values(p.terms, console.width - taken)))
            if p.scaled is not None and (p.scores, p.scaled) != seen:
                seen = dict(p.scores), p.scaled
                text = f"step {p.step}  {_scores(p)}"
                _log.info("%s", text)
                console.print(visible(text), markup=False, highlight=False, soft_wrap=True)

        bars.update(task, completed=start)
        yield show


@contextmanager
def board(session: Session) -> Iterator[Callable[["Board"], None]]:
    """A function that shows how far a study or search is: in place on a terminal, else a line now and then."""
    shown: set[str] = set()
    last, finished = -math.inf, False

    def notes(board: "Board") -> list[str]:
        fresh = [note for note in board.notes if note not in shown]
        shown.update(fresh)
        return fresh

    if not session.quiet and _live():
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(stderr=True)
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def draw(board: "Board") -> None:
                for note in notes(board):
                    console.print(visible(note), markup=False, highlight=False, soft_wrap=True)
                cells = [_line(p, console.width) for p in board.running[: max(1, console.height - 4)]]
                live.update(Text(visible("\n".join([_total(board), *cells]))), refresh=True)

            yield draw
        return

    def write(board: "Board") -> None:
        nonlocal last, finished
        for note in notes(board):
            session.note(note)
        if (board.seconds - last >= BOARD_SECONDS or not board.running) and not finished:
            last, finished = board.seconds, not board.running and not board.count("pending")
            session.note("; ".join([_total(board), *(f"{p.cell} {_cell(p)}" for p in board.running)]))

    yield write


def _total(board: "Board") -> str:
    states = ("finished", "diverged", "failed", "running", "elsewhere", "interrupted", "pending")
    counts = [f"{n} {state}" for state in states if (n := board.count(state))]
    left = f", {duration(board.seconds_left)} remaining" if board.seconds_left is not None else ""
    if board.seconds_left is None and board.running:
        left = ", estimating"
    return f"{board.total} runs, {duration(board.seconds)}{left}: {', '.join(counts)}"


def _line(p: "CellProgress", width: int) -> str:
    """A cell and how far it is; where that is too wide for a line, the name is cut, not what it has come to."""
    name, said = str(p.cell), _cell(p)
    room = max(8, width - len(said) - 4)
    return f"  {name if len(name) <= room else name[: room - 1] + '…'}  {said}"


def _cell(p: "CellProgress") -> str:
    if p.warm_up:
        return "warm-up {}/{}".format(*p.warm_up)
    scaled = f"  scaled {number(p.scaled)}" if p.scaled is not None else ""
    left = f"  {duration(p.seconds_left)} remaining" if p.seconds_left is not None else ""
    return f"{p.step}/{p.steps}{scaled}{left}"


def _live() -> bool:
    """Whether lines on standard error can be drawn over."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _scores(p: RunView) -> str:
    return f"{p.primary} {number(p.scores.get(p.primary))}  scaled {number(p.scaled)}"


def _values(values: Mapping[str, float], room: int | None = None) -> str:
    """The first of them that fit, whole, into so many columns; all where there is no limit."""
    text = ""
    for name, value in values.items():
        longer = f"{text}  {name} {number(value)}".lstrip()
        if room is not None and len(longer) > room:
            break
        text = longer
    return text
