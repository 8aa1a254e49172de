"""A comparison in a few words, as tables of a page and of a paper have it."""

from detente.report.page import between, signed
from detente.results.comparisons import Comparison
from detente.results.needed import more_blocks, said
from detente.results.verdicts import Verdicts

MARKS = {1: "▲", -1: "▼", 0: ""}


def mark(c: Comparison) -> str:
    """▲ for a verdict that an arm is better, ▼ that it is worse, nothing where that is open."""
    return MARKS[c.claimed]


def verdict(c: Comparison) -> str:
    """The verdict with its mark."""
    return f"{mark(c)} {c.contrast.word}".strip()


def more(c: Comparison, verdicts: Verdicts) -> str:
    """How many more blocks would settle what is undecided; empty where that is not so, or cannot be said."""
    if c.contrast.word != "undecided" or not verdicts.complete:
        return ""
    return said(more_blocks(c.contrast.sound, c.contrast.pairs, len(verdicts.comparisons)))


def decided(c: Comparison, verdicts: Verdicts) -> str:
    """The verdict, or what it would take: `undecided: about 12 more`."""
    return ": ".join(filter(None, (verdict(c), more(c, verdicts))))


def difference(c: Comparison) -> str:
    """`+0.12 (0.03 to 0.21)`."""
    if c.mean is None:
        return "–"
    return f"{signed(c.mean)} ({between(c.interval)})" if c.interval else signed(c.mean)
