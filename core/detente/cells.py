"""A study on disk: domains × arms × seeds, and what became of each cell.

```
study.yaml   results.csv   report.html   cells/<domain>/<arm>/<seed>/
```
study.yaml says what is compared; each cell is the folder of a run, and that folder is all there is to know about it.
"""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from detente.errors import UsageError
from detente.recipe.document import dump, read
from detente.run import Run, write_atomically
from detente.stability import Stability
from detente.stability import read as read_stability

FORMAT = 1
NONE = "none"
"""The arm that others are compared with."""

SETTLED = ("finished", "diverged")
"""States that are results: such a cell is never run again."""


_BUDGET = {"steps": "steps", "batch": "samples a batch", "critic_steps": "critic update(s) in each"}


@dataclass(frozen=True)
class Arm:
    """One side of the comparison: what `--reg` says, and the name of its folder."""

    text: str
    slug: str


@dataclass(frozen=True)
class Cell:
    """One domain, one arm, one seed."""

    domain: str
    arm: Arm
    seed: int
    folder: Path

    def __str__(self) -> str:
        return f"{self.domain} / {self.arm.text} / seed {self.seed}"

    @property
    def run(self) -> Run:
        """Its folder as a run, which need not exist yet."""
        return Run(self.folder)

    @property
    def lock(self) -> Path:
        """Whoever trains the cell holds this file's lock."""
        return self.folder / ".lock"

    @property
    def info(self) -> dict[str, Any]:
        """What its run.json says; nothing before it has been written."""
        try:
            return self.run.info
        except UsageError:
            return {}

    @property
    def status(self) -> str:
        """`finished`, `diverged`, `failed`, or one of a cell that is not done: `pending`, `running`, `interrupted`."""
        return str(self.info.get("status", "pending"))


class Study:
    """What a study.yaml says.

    Args:
        folder: where it stands.
        content: the plain data of the file.
    """

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        self.folder, self.content = folder, content

    @classmethod
    def open(cls, folder: Path) -> "Study":
        """An existing study.

        Raises:
            UsageError: there is none, or its file is damaged or of another format.
        """
        path = folder / "study.yaml"
        if not path.is_file():
            raise UsageError(f"{folder}: holds no study (study.yaml); name the folder that compare printed.")
        content = read(path)
        if content.get("format") != FORMAT:
            raise UsageError(f"{path}: has format {content.get('format')!r}, this version reads {FORMAT}.")
        study = cls(folder, content)
        try:
            for cell in study.cells:
                _ = study.recipe(cell), study.primary(cell.domain)["score"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                f"{path}: is damaged ({error!r}); give the command of the study with a new --out."
            ) from error
        return study

    def write(self) -> None:
        """Put study.yaml in its place."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, dump(self.content))

    @property
    def path(self) -> Path:
        return self.folder / "study.yaml"

    @property
    def results(self) -> Path:
        return self.folder / "results.csv"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def domains(self) -> list[str]:
        """Names, in the order in which they were given."""
        return list(self.content["domains"])

    @cached_property
    def arms(self) -> list[Arm]:
        """In the order in which they were given."""
        return [Arm(arm["text"], arm["slug"]) for arm in self.content["arms"]]

    @property
    def seeds(self) -> list[int]:
        """In ascending order."""
        return sorted(self.content["seeds"])

    @cached_property
    def cells(self) -> list[Cell]:
        """All of them: a domain after the other, in it an arm after the other."""
        return [
            Cell(domain, arm, seed, self.folder / "cells" / domain / arm.slug / str(seed))
            for domain in self.domains
            for arm in self.arms
            for seed in self.seeds
        ]

    @property
    def none(self) -> Arm | None:
        """The arm without a regularizer, where the study has it."""
        return next((arm for arm in self.arms if arm.text.strip() == NONE), None)

    def primary(self, domain: str) -> dict[str, Any]:
        """The score that carries a domain: `score`, `direction`, `log`, `protocol`."""
        return dict(self.content["domains"][domain]["primary"])

    def budget(self, domain: str) -> str:
        """What every arm of a domain gets, in words."""
        recipes = [self.content["recipes"][domain][arm.slug] for arm in self.arms]
        text = ", ".join(
            f"{values[0]} {what}" if len(values) == 1 else f"{' or '.join(values)} {what} (not the same for all arms)"
            for key, what in _BUDGET.items()
            if (values := list(dict.fromkeys(str(recipe[key]) for recipe in recipes if key in recipe)))
        )
        return f"{text}, {len(self.seeds)} seed{'s' if len(self.seeds) > 1 else ''}"

    def recipe(self, cell: Cell) -> dict[str, Any]:
        """The resolved recipe of a cell as plain data."""
        return {**self.content["recipes"][cell.domain][cell.arm.slug], "seed": cell.seed}


@dataclass(frozen=True)
class Outcome:
    """What a cell has come to, read from its folder.

    Attributes:
        final: the scaled score at the last step; 0 for a run that diverged, None while there is none.
        best: the highest scaled score of the run, at step `best_step`.
        scores: all scores at the last step of a run that finished.
        references: the scores of real data, baseline and untrained generator.
        curve: (step, scaled score) of each evaluation.
        seconds: what the run took; `step_seconds` without evaluations, per step.
        memory: the most bytes that its process held.
        stability: how steadily it went.
    """

    cell: Cell
    status: str
    reason: str = ""
    final: float | None = None
    best: float | None = None
    best_step: int | None = None
    step: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    references: dict[str, dict[str, float]] = field(default_factory=dict)
    curve: tuple[tuple[int, float], ...] = ()
    seconds: float | None = None
    step_seconds: float | None = None
    memory: float | None = None
    stability: Stability = field(default_factory=Stability)

    @classmethod
    def of(cls, cell: Cell) -> "Outcome":
        """Read a cell."""
        info, lines = cell.info, list(cell.run.lines())
        status = str(info.get("status", "pending"))
        best, final = info.get("best") or {}, info.get("final") or {}
        curve = [(int(line["step"]), float(line.get("scaled") or 0.0)) for line in lines if "scores" in line]
        ended = {"finished": number(final.get("scaled")), "diverged": 0.0}.get(status)
        highest = number(best.get("scaled")) if status in SETTLED else None
        diverged_at = int(info.get("step") or 0) if status == "diverged" else None
        return cls(
            cell,
            status,
            reason=str(info.get("error") or "").replace(str(cell.folder), "").lstrip(": "),
            final=ended,
            best=highest,
            best_step=best.get("step") if status in SETTLED else None,
            step=int(info.get("step") or 0),
            scores=_finite(final.get("scores") or {}) if status == "finished" else {},
            references={row: _finite(scores) for row, scores in (info.get("references") or {}).items()},
            curve=tuple(curve),
            seconds=number(info.get("seconds")),
            step_seconds=step_seconds(lines),
            memory=number(info.get("memory")),
            stability=read_stability(lines, ended, highest, diverged_at),
        )


def number(value: Any) -> float | None:
    """A finite number, or None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def _finite(scores: dict[str, Any]) -> dict[str, float]:
    return {name: found for name, value in scores.items() if (found := number(value)) is not None}


def step_seconds(lines: Sequence[dict[str, Any]]) -> float | None:
    """Seconds per step, evaluations and checkpoints not counted.

    A line of terms carries the time at which the next line was due. So the time between two such lines holds the steps
    between them, unless an evaluation came in between; those few pairs are outliers that the median passes over.
    """
    terms = [line for line in lines if "terms" in line]
    pairs = [(a, b) for a, b in pairwise(terms) if b["step"] > a["step"]]
    times = [(b["seconds"] - a["seconds"]) / (b["step"] - a["step"]) for a, b in pairs]
    times = [time for time in times if time > 0]
    return median(times) if times else None


def write_results(study: Study, outcomes: Sequence[Outcome]) -> Path:
    """results.csv: one row per cell in the order of the study, with what depends on the machine's speed last."""
    names = sorted({name for outcome in outcomes for name in _names(outcome)})
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    head = ["domain", "arm", "seed", "status", "step", "primary", "raw", "floor", "baseline", "ceiling"]
    head += ["scaled_final", "scaled_best", "best_step", "collapse_step", "gradient_spikes", "saturated"]
    writer.writerow([*head, *map(_text, names), "reason", "seconds", "seconds_per_step", "memory_bytes"])
    for outcome in outcomes:
        writer.writerow([*_row(study, outcome, names)])
    write_atomically(study.results, out.getvalue())
    return study.results


def _names(outcome: Outcome) -> Iterator[str]:
    yield from outcome.scores
    for row in outcome.references.values():
        yield from row


def _row(study: Study, outcome: Outcome, names: Sequence[str]) -> Iterator[Any]:
    cell, primary = outcome.cell, study.primary(outcome.cell.domain)["score"]
    yield from (_text(cell.domain), _text(cell.arm.text), cell.seed, outcome.status, outcome.step, _text(primary))
    yield outcome.scores.get(primary)
    for row in ("untrained", "baseline", "real"):
        yield outcome.references.get(row, {}).get(primary)
    yield from (outcome.final, outcome.best, outcome.best_step)
    yield from (outcome.stability.collapsed, outcome.stability.spikes, outcome.stability.saturated)
    yield from (outcome.scores.get(name) for name in names)
    yield from (_text(outcome.reason), outcome.seconds, outcome.step_seconds, outcome.memory)


def _text(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
