"""The errors that users meet: one sentence each, saying what, where and how to fix it.

The command line turns a class into its exit code; anything else that escapes is a bug of ours.
"""

import difflib
import logging
import re
import shlex
import signal
import sys
import warnings
from collections.abc import Iterable
from pathlib import PurePath


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


class PeerLost(Interrupted):
    """Another of the processes that play one game together has ended, so that this one cannot go on."""

    def __init__(self) -> None:
        super().__init__(signal.SIGTERM)
        self.args = ("another process of this run has ended",)


def code_of(stopped: KeyboardInterrupt) -> int:
    """The exit code after an interruption; 130, as shells have it, after Ctrl-C."""
    return stopped.exit_code if isinstance(stopped, Interrupted) else 130


def tell_renamed(log: logging.Logger, kind: str, old: str, new: str) -> None:
    """Say that a name is old: in the log, for whoever types it, and to Python at the line of whoever programs."""
    text = f"The {kind} {old!r} is called {new!r} now; its old name goes with the next release."
    log.warning("%s", text)
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "detente":
        level, frame = level + 1, frame.f_back
    warnings.warn(text, DeprecationWarning, level)


def typed(*words: object) -> str:
    """A command as it can be pasted into a shell, whatever is in the names of its files.

    A path that begins with a hyphen gets `./` in front, so that it is no flag.
    """
    return " ".join(_quoted(f"./{w}" if isinstance(w, PurePath) and str(w)[:1] == "-" else str(w)) for w in words)


def _quoted(word: str) -> str:
    """A word for a shell; what cannot be shown, such as bytes that are not UTF-8, is written by its number."""
    if visible_name(word) == word:
        return shlex.quote(word)

    def written(c: str) -> str:
        if visible_name(c) == c:
            return f"\\{c}" if c in "\\'" else c
        return "".join(
            f"\\x{byte:02x}" for byte in c.encode("utf-8", "surrogateescape" if c > "\udc7f" else "surrogatepass")
        )

    return f"$'{''.join(map(written, word))}'"


def did_you_mean(name: str, choices: Iterable[str], near: float = 0.6) -> str:
    """What to append to a sentence: `" Did you mean 'x'?"`, or nothing when none is so near, whatever the case."""
    folded: dict[str, list[str]] = {}
    for choice in choices:
        folded.setdefault(choice.casefold(), []).append(choice)
    close = difflib.get_close_matches(name.casefold(), folded, 1, near)
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


# Control characters but tab and newline, those that turn the direction of text, and halves of characters, which stand
# for bytes of a file name that are no UTF-8: printed as they are, a name could clear a screen or say something else.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Text that a terminal, a log or a page may show: every unseen character is spelled out."""
    return _UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def visible_name(name: str) -> str:
    """The same of a name, which has one line: line ends and tabs are spelled out, too."""
    return visible(name).replace("\n", "⟨U+000A⟩").replace("\t", "⟨U+0009⟩")


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


class LogFormatter(logging.Formatter):
    """How lines of a run's log.txt look; names in them cannot steer a terminal that shows it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))
