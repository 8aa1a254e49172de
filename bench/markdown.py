"""Parts of a page in Markdown."""

import re
from collections.abc import Iterator, Sequence

from detente.report.page import between, visible
from detente.results import statistics
from detente.results.cells import Arm


def within(text: str, interval: tuple[float, float] | statistics.Interval | None, digits: int = 2) -> str:
    """A number with its interval."""
    return f"{text} ({between(interval, digits)})" if interval else text


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table, and the empty line after it."""
    yield f"| {' | '.join(map(escaped, head))} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def code(arm: Arm) -> str:
    """An arm as it is typed."""
    return "`" + visible(arm.text).replace("`", "'").replace("|", "¦") + "`"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", visible(text))
