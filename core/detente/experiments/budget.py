"""A time as a number of runs: turned into it once, by a run that was timed, so that no result depends on the load."""

import re

from detente.errors import UsageError
from detente.results.selection import fewest

DEARER = 1.3
"""What a run of a candidate takes on average, compared with one of `none`: penalties of gradients twice, most no more.
"""
MOST_CELLS = 5_000
_UNITS = {"h": 3600, "m": 60, "min": 60, "s": 1}
_TIME = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:h|min|m|s)\s*)+")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|min|m|s)")


def seconds_of(text: str) -> float:
    """The seconds of `30m`, `90s` or `1h30m`.

    Raises:
        UsageError: it is no such time.
    """
    if not _TIME.fullmatch(text.strip()):
        raise UsageError(f"--budget {text}: give a time such as 30m, 90s or 1h30m, or a number of runs with --cells.")
    found = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not found:
        raise UsageError(f"--budget {text}: is no time; give one such as 30m.")
    return found


def check_cells(cells: int, turn: int) -> None:
    """Whether so many runs can choose anything, in turns of so many settings.

    Raises:
        UsageError: they cannot, or are too many.
    """
    least, at = fewest(turn), f" at {turn} settings" if turn > 1 else ""
    if cells < least:
        raise UsageError(
            f"--cells {cells}: choosing takes {least} runs at least{at}: a first look, and the test on fresh blocks. "
            f"Use --cells {least} or more; 60 give a first answer, 120 a good one."
        )
    if cells > MOST_CELLS:
        raise UsageError(f"--cells {cells}: a selection has {MOST_CELLS:,} runs at most; use fewer.")


def cells_of(budget: float, seconds: float, at_once: int, turn: int) -> int:
    """How many runs a time buys.

    Args:
        budget: the time, in seconds.
        seconds: what a run of `none` takes.
        at_once: how many are trained at a time.
        turn: so many settings are gone through in turn.

    Raises:
        UsageError: too few to choose.
    """
    each = seconds * DEARER / at_once
    found, least = int(budget / each), fewest(turn)
    if found < least:
        raise UsageError(
            f"--budget: {_words(budget)} buy about {found} runs of {_words(seconds)}, {at_once} at a time, and "
            f"choosing takes {least}. Use --budget {int(least * each / 60) + 1}m or more, fewer --steps or more --jobs."
        )
    return min(found, MOST_CELLS)


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
