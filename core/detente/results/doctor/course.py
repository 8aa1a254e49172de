"""The course of a run as rules see it: what was logged, evaluated and examined, step by step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from detente.errors import UsageError, typed
from detente.recipe.document import read as read_yaml
from detente.results.outcomes import number
from detente.results.stability import scaled_curve
from detente.training.run_folder import Run

Points = Sequence[tuple[int, float | None]]
"""(step, value) in the order of the steps; None is a number that was not finite."""
PLAYERS = {"D": "discriminator", "G": "generator"}


@dataclass(frozen=True)
class Course:
    """A run's record.

    Attributes:
        folder: for commands.
        recipe, info: recipe.yaml and run.json as plain data; empty where they are damaged.
        lines: those of metrics.jsonl.
    """

    folder: Path
    recipe: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, run: Run) -> "Course":
        """That of a run, as far as its folder can be read."""
        info, lines, _ = run.contents()
        try:
            recipe = read_yaml(run.recipe)
        except UsageError:
            recipe = {}
        return cls(run.folder, recipe if isinstance(recipe, dict) else {}, info, lines)

    def watched(self, name: str) -> Points:
        """What was measured at log lines, such as `D/gradient`."""
        return list(self._numbers("watched", name))

    def term(self, name: str) -> Points:
        """A term of a loss, such as `D/adversarial`."""
        return list(self._numbers("terms", name))

    def examined(self, name: str) -> Points:
        """What was measured at evaluations; see `detente.training.examination`."""
        return list(self._numbers("examined", name))

    def score(self, name: str) -> Points:
        """A score at each evaluation."""
        return list(self._numbers("scores", name))

    def names(self, kind: str) -> list[str]:
        """All names among the `terms`, the `watched`, the `scores` or the `examined` of the lines."""
        return list(dict.fromkeys(name for line in self.lines for name in line.get(kind) or {}))

    @property
    def scaled(self) -> list[tuple[int, float]]:
        """The scaled scores that were measured."""
        return list(scaled_curve(self.lines))

    @property
    def good(self) -> bool:
        """Whether the last scaled score is at least half of the way to real data: then the game is well enough."""
        return bool(self.scaled) and self.scaled[-1][1] >= GOOD

    @property
    def few(self) -> bool:
        """Whether evaluations have so few samples that scores are chance, and say nothing about the game."""
        return bool(self.info.get("samples")) and self.info["samples"] < FEW

    def reference(self, row: str, score: str) -> float | None:
        """A score of real data, the baseline or the untrained generator."""
        return number(((self.info.get("references") or {}).get(row) or {}).get(score))

    def regularizers(self, letter: str) -> Mapping[str, Any]:
        """Those of a player, by name, with their options."""
        return ((self.recipe.get(PLAYERS[letter]) or {}).get("regularizers")) or {}

    def again(self, *changes: str) -> str:
        """The command that trains the same with changes, quoted for a shell."""
        return typed("detente", "train", "--recipe", self.folder / "recipe.yaml", *changes)

    def rate(self, letter: str, by: float) -> tuple[str, ...]:
        """The change of the recipe that divides a player's learning rate; nothing where it is unknown or scheduled."""
        key = f"{PLAYERS[letter]}.optimizer.lr"
        known = number(((self.recipe.get(PLAYERS[letter]) or {}).get("optimizer") or {}).get("lr"))
        return ("--set", f"{key}={known / by:.3g}") if known else ()

    def _numbers(self, kind: str, name: str) -> Iterator[tuple[int, float | None]]:
        for line in self.lines:
            found = line.get(kind) or {}
            if name in found:
                yield int(line["step"]), number(found[name])


GOOD = 0.5
FEW = 100
"""Samples of an evaluation, whatever they are compared in."""


def finite(points: Iterable[tuple[int, float | None]]) -> list[tuple[int, float]]:
    """The points that are numbers."""
    return [(step, value) for step, value in points if value is not None]


def late(points: Points) -> list[tuple[int, float]]:
    """The second half of the points, as far as they are numbers."""
    return finite(points[len(points) // 2 :])


def early(points: Points) -> list[tuple[int, float]]:
    """The first quarter of the points, as far as they are numbers, and at least one."""
    return finite(points[: max(1, len(points) // 4)])


def middle(points: Iterable[tuple[int, float]]) -> float | None:
    """The median of the values; None of nothing."""
    values = [value for _, value in points]
    return median(values) if values else None


def since(points: Iterable[tuple[int, float]], wrong: "Iterable[bool]") -> int | None:
    """The step from which on every point is wrong; None where the last one is not."""
    found = None
    for (step, _), is_wrong in reversed(list(zip(points, wrong, strict=True))):
        if not is_wrong:
            break
        found = step
    return found
