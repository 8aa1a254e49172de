"""What a rule says of a run, and the rule itself."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from detente.results.doctor.course import Course


class Seen(NamedTuple):
    """What a rule has seen in a run.

    Attributes:
        what: the fault, as a sentence without its full stop.
        since: the step from which on it is there; None where it is there throughout or has no step.
        measure: what was measured, in words.
        value: what it came to.
        why: the likely cause.
        fix: what to do, with the command.
    """

    what: str
    since: int | None
    measure: str
    value: float
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A fault of a run, with the measure that shows it; the attributes are those of `Seen`.

    Attributes:
        code: the rule's.
        threshold: what the value is held against.
        above: whether it is wrong above the threshold, rather than below.
    """

    code: str
    what: str
    since: int | None
    measure: str
    value: float
    threshold: float
    above: bool
    why: str
    fix: str

    def __str__(self) -> str:
        start = f"from step {self.since}: " if self.since is not None else ""
        side = "or more" if self.above else "or less"
        measured = f"{self.measure}: {self.value:.3g} ({self.threshold:g} {side} is wrong)"
        return " ".join(part for part in (f"{start}{self.what};", f"{measured}.", self.why, self.fix) if part)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """Looks at the course of a run and yields what it sees of one fault.

    Attributes:
        threshold: measured on planted faults and healthy runs.
        above: whether a value is wrong from there up, rather than down.
        summary: the fault in general, for the documentation.
    """

    code: str
    threshold: float
    above: bool
    find: Callable[[Course, float], Iterator[Seen]]

    @property
    def summary(self) -> str:
        """The fault in general."""
        return (self.find.__doc__ or "").strip()

    def __call__(self, course: Course) -> Iterator[Diagnosis]:
        """What it finds in a run."""
        for s in self.find(course, self.threshold):
            measured = (s.measure, s.value, self.threshold, self.above)
            yield Diagnosis(self.code, s.what, s.since, *measured, s.why, s.fix)


def rule(
    code: str, *, above: float | None = None, below: float | None = None
) -> Callable[[Callable[[Course, float], Iterator[Seen]]], Rule]:
    """Make a rule of a function, which gets the threshold handed in."""
    threshold = above if above is not None else below
    assert threshold is not None, "a rule has a threshold"
    return lambda find: Rule(code, threshold, above is not None, find)
