"""The errors that users meet: one sentence each, saying what, where and how to fix it.

The command line turns a class into its exit code; anything else that escapes is a bug of ours.
"""

import difflib
from collections.abc import Iterable


class DetenteError(Exception):
    """Base of every error that détente raises on purpose; on its own, an internal error."""

    exit_code = 1


class UsageError(DetenteError):
    """Bad arguments, an invalid recipe, or a combination that is refused."""

    exit_code = 2


class PluginError(DetenteError):
    """A plugin, a data set or an optional package is missing or broken."""

    exit_code = 3


class MissingExtraError(PluginError, ImportError):
    """A part of détente was asked for whose packages are not installed."""


class DivergedError(DetenteError):
    """Training met a non-finite number; the last good checkpoint was kept."""

    exit_code = 4


class StudyError(DetenteError):
    """A study came to its end with cells that failed."""

    exit_code = 5


class Interrupted(KeyboardInterrupt):
    """Asked to stop by a signal. No `except Exception` of a plugin can swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by signal {number}")
        self.exit_code = 128 + number


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """What to append to a sentence: `" Did you mean 'x'?"`, or nothing when none is close, whatever the case."""
    folded: dict[str, list[str]] = {}
    for choice in choices:
        folded.setdefault(choice.casefold(), []).append(choice)
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    if not close:
        return ""
    closest = max(folded[close[0]], key=lambda choice: difflib.SequenceMatcher(None, name, choice).ratio())
    return f" Did you mean {closest!r}?"


def clipped(text: str, characters: int = 1000, lines: int = 40) -> str:
    """A message that a person can read, whatever it quotes: of long lines and of many both ends."""

    def line(text: str) -> str:
        if len(text) <= characters:
            return text
        head, tail = characters * 2 // 3, characters // 4
        return f"{text[:head]} … ({len(text) - head - tail:,} characters) … {text[-tail:]}"

    found = text.split("\n")
    if len(found) > lines:
        found = [*found[: lines - 5], f"… ({len(found) - lines + 1:,} lines) …", *found[-4:]]
    return "\n".join(map(line, found))


def one_line(error: BaseException) -> str:
    """An exception as one printable line; our own errors without the name of their class."""
    try:
        text = str(error)
    except Exception:  # a stranger's exception may do anything
        text = "(no readable message)"
    if not isinstance(error, DetenteError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    text = clipped(" ".join(text.split()))
    return "".join(c if c.isprintable() else "?" for c in text)
