"""Schedules as a recipe writes them: `{from: a, to: b, over: c, shape: cosine}` in place of a number."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from detente.errors import did_you_mean

PARTS = ("from", "to", "over", "shape")
Read = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class RampOption:
    """An option that changes; `over` is a share of the player's updates up to 1, or a number of them."""

    start: float
    end: float
    over: float
    shape: str = "linear"

    def updates(self, total: int) -> int:
        """How many of `total` updates it takes."""
        return max(1, round(self.over * total)) if self.over <= 1 else int(self.over)

    def plain(self) -> dict[str, Any]:
        """As a recipe writes it; without the shape that all ramps had before there were several."""
        ramp: dict[str, Any] = {"from": self.start, "to": self.end, "over": self.over}
        return ramp if self.shape == "linear" else {**ramp, "shape": self.shape}


def is_ramp(value: Any) -> bool:
    """Whether a value of a recipe is meant as a schedule."""
    return isinstance(value, Mapping) and bool({"from", "to"} & value.keys())


def read_ramp(annotation: Any, value: Mapping[str, Any], read: Read) -> tuple[RampOption | None, list[tuple[str, str]]]:
    """A schedule of an option, or what is wrong with it: (part of it, or "" for the option itself; why).

    Args:
        annotation: the option's type, which both ends must fit.
        value: the schedule as it was given.
        read: reads one value as an annotation has it.
    """
    from detente.engine.schedule import problem_of  # torch, which a listing of plugins does not need

    problems: list[tuple[str, str]] = []
    ends: dict[str, float] = {}
    for part in ("from", "to"):
        if part not in value:
            problems.append((part, "is required: a schedule goes from one number to another."))
            continue
        try:
            end = read(annotation, value[part])[0]
        except ValueError as error:
            problems.append((part, str(error)))
            continue
        if not isinstance(end, float):
            return None, [*problems, ("", "cannot have a schedule: it is an integer. Give one value.")]
        ends[part] = end
    over, shape = value.get("over", 1.0), value.get("shape", "linear")
    number = isinstance(over, int | float) and not isinstance(over, bool)
    if not number or not over > 0 or (over > 1 and not isinstance(over, int)):
        wanted = "a fraction of the run (at most 1), or an integer number of updates"
        problems.append(("over", f"should be {wanted}, but is {over!r}."))
    for extra in value.keys() - set(PARTS):
        problems.append((extra, f"unknown; a schedule has from, to, over and shape.{did_you_mean(extra, PARTS)}"))
    if len(ends) == 2 and (problem := problem_of(ends["from"], ends["to"], str(shape))):
        problems.append(("shape", problem.removeprefix("shape ")))
    if problems:
        return None, problems
    return RampOption(ends["from"], ends["to"], float(over) if over <= 1 else over, str(shape)), []
