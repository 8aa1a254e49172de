"""A search on disk: its trials, the runs on new seeds, and the score of a run.

tuning.yaml says what is searched, trials.json which settings a trial has and what became of it; journal.log is Optuna's
own record of the trials, best.yaml the recipe of the winner.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from detente.errors import UsageError
from detente.files import plain, read_json, write_atomically
from detente.files.records import shorten, sound
from detente.files.standing import has_file, standing
from detente.hookspecs import StudyView
from detente.recipe.keys import put
from detente.results.cells import Arm, Cell
from detente.results.contradictions import rescored
from detente.results.manifest import MOST, Manifest
from detente.results.outcomes import number
from detente.results.rivals import Rival, rivals_in
from detente.results.schemas import TrialsRecord, TuningRecord
from detente.results.scores import Measure, measure

SEARCH_FORMAT = 1
_OPEN = ("running", "failed")


@dataclass
class Trial:
    """One setting of what is searched.

    Attributes:
        number: from 0, in the order in which they were asked for.
        params: full dotted key → value.
        status: `running`, `complete`, `pruned` (given up after some of the seeds) or `failed`, which a run without a
            score makes it, too.
        scores: seed → score of its run; 0 where it diverged.
    """

    number: int
    params: dict[str, Any]
    status: str = "running"
    scores: dict[int, float] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Of the scores; NaN before there is one."""
        return math.fsum(self.scores.values()) / len(self.scores) if self.scores else math.nan


def best(trials: Iterable[Trial]) -> Trial | None:
    """The complete trial with the highest mean; among equals the first. One with a score not measured has no mean."""
    complete = [trial for trial in trials if trial.status == "complete" and not math.isnan(trial.mean)]
    return min(complete, key=lambda trial: (-trial.mean, trial.number), default=None)


@dataclass(frozen=True)
class Noise:
    """What one run's score varies by with the seed, once what all trials share on a seed is taken out.

    Attributes:
        deviation: standard deviation of one score.
        freedom: degrees of freedom that it was estimated with.
    """

    deviation: float
    freedom: int

    @classmethod
    def of(cls, trials: Iterable[Trial]) -> "Noise | None":
        """From complete trials on the same seeds: residuals of score = trial + seed, pooled.

        Trials with a score of 0 are left out: there the scale ends, and what is cut off does not vary; and those with
        one that was not measured. None where fewer than two trials or two seeds remain, and where those do not vary.
        """
        complete = [list(trial.scores.values()) for trial in trials if trial.status == "complete"]
        rows = [row for row in complete if all(score > 0 for score in row)]
        if len(rows) < 2 or len(rows[0]) < 2:
            return None
        n, k = len(rows), len(rows[0])
        seeds = [math.fsum(row[j] for row in rows) / n for j in range(k)]
        whole = math.fsum(seeds) / k
        squares = math.fsum(
            (value - math.fsum(row) / k - seed + whole) ** 2
            for row in rows
            for value, seed in zip(row, seeds, strict=True)
        )
        freedom = (n - 1) * (k - 1)
        deviation = math.sqrt(squares / freedom)
        return cls(deviation, freedom) if deviation > 1e-12 else None


class Tuning(Manifest):
    """What a tuning.yaml says, and trials.json beside it."""

    file, kind, verb, format, schema = "tuning.yaml", "search", "tune", SEARCH_FORMAT, TuningRecord
    writes = (*Manifest.writes, "trials.json", "best.yaml")
    needs = ("name", "reg", "sampler", "sampler_seed", "trials", "wave")

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        super().__init__(folder, content)
        self.trials: list[Trial] = []
        self.rivals: list[Rival] = []
        self.importance: dict[str, float] = {}

    def problems(self, damaged: bool) -> list[str]:
        said = self.elsewhere({self.domain: self.content["recipes"]})
        if self.settings and sorted(s for one in self.settings for s in one.seeds) != sorted(self.fresh_seeds):
            said.append(f"{self.path}: fresh: are not the seeds of its settings; {self.fix()}.")
            if damaged:
                del self.content["settings"], self.settings
        if said and not damaged:
            raise UsageError("\n".join(said))
        return [*said, *self.read_trials(damaged=damaged)]

    def read_trials(self, *, damaged: bool = False) -> list[str]:
        """Take trials, rivals and importance from trials.json, where there is one.

        Args:
            damaged: take what is sound where some of it is not.

        Returns:
            A sentence for each thing that is left out.

        Raises:
            UsageError: it is damaged.
        """
        fix = "delete it and resume the search, which writes it again from its runs"
        try:
            if not has_file(self.record, fix):
                return []
            return self._take(read_json(self.record), damaged)
        except UsageError as error:
            if damaged:
                return str(error).splitlines()
            if standing(self.record) != "a file":
                raise
            lines = [line.rstrip(".") for line in str(error).splitlines()]
            raise UsageError("\n".join(f"{line}; {fix}." for line in lines)) from error

    def _take(self, content: Any, damaged: bool) -> list[str]:
        found, said = sound(TrialsRecord, content, f"{self.record}")
        trials = [
            Trial(t["number"], t["params"], t["status"], {int(k): v for k, v in t["scores"].items()})
            for t in found.get("trials", [])
        ]
        wrong = {trial.number: text for i, trial in enumerate(trials) if (text := self._wrong(trial, i, said))}
        said += [f"{self.record}: trial {number}: {text}; it is left out." for number, text in wrong.items()]
        if said and not damaged:
            raise UsageError("\n".join(line.replace("; it is left out.", ".") for line in said[:MOST]))
        self.trials = [trial for trial in trials if trial.number not in wrong]
        if edited := rescored(self.record, self.trials, lambda trial, seed: self.measure(self.trial_cell(trial, seed))):
            if not damaged:
                raise UsageError("\n".join(edited[:MOST]))
            said += [f"{line}; that of the run is taken." for line in edited]
        self.rivals, why = rivals_in(found.get("rivals", []), [one.name for one in self.settings])
        if why is not None:
            said.append(f"{self.record}: rivals: {why}; it is left out.")
            if not damaged:
                raise UsageError(said[-1].replace("; it is left out.", "."))
        self.importance = {k: v for k, v in found.get("importance", {}).items() if k in self.labels}
        return said

    def _wrong(self, trial: Trial, place: int, said: Sequence[str]) -> str | None:
        """What does not go together with the rest of the search."""
        if trial.number != place and not said:
            return f"stands in place {place}"
        if trial.params.keys() != self.labels.keys():
            return f"has other params than {', '.join(self.labels)}"
        for entry in self.content["search"]:
            value = trial.params[entry["key"]]
            if not entry["range"].startswith("choice") and number(value) is None:
                return f"params.{entry['key']}: should be a number, but is {shorten(value)}"
        try:
            self.recipe(trial.params)
        except (KeyError, TypeError):
            return "has params that are no keys of the search's recipe"
        if not trial.scores.keys() <= set(self.seeds):
            return "has scores of other seeds than those of the search"
        if trial.status == "complete" and trial.scores.keys() != set(self.seeds):
            return "is complete without a score for each seed"
        return None

    def write_trials(self) -> None:
        """Put trials.json in its place."""
        trials = [{**vars(trial), "scores": dict(trial.scores)} for trial in self.trials]
        rivals = [
            {"text": r.arm.text, "slug": r.arm.slug, "roles": list(r.roles), "recipe": r.recipe}
            | ({"changes": dict(r.changes)} if r.changes else {})
            for r in self.rivals
        ]
        text = json.dumps(
            plain({"trials": trials, "rivals": rivals, "importance": self.importance}), indent=1, ensure_ascii=False
        )
        write_atomically(self.record, text + "\n")

    @property
    def record(self) -> Path:
        return self.folder / "trials.json"

    @property
    def journal(self) -> Path:
        return self.folder / "journal.log"

    @property
    def best(self) -> Path:
        return self.folder / "best.yaml"

    @property
    def complete(self) -> bool:
        return bool(self.rivals)  # they come after the last trial

    @property
    def view(self) -> StudyView:
        return StudyView(self.folder, self.kind, (self.domain,), (self.chain,), tuple(self.seeds))

    @property
    def domain(self) -> str:
        return str(self.content["domain"])

    @property
    def primaries(self) -> dict[str, str]:
        return {self.domain: self.content["primary"]["score"]}

    @property
    def chain(self) -> str:
        """What `--reg` said, or `none`."""
        return str(self.content.get("reg", "?"))

    @cached_property
    def labels(self) -> dict[str, str]:
        """Full dotted key → what the user called it, for everything that is searched."""
        return {entry["key"]: entry["label"] for entry in self.content["search"]}

    @property
    def seeds(self) -> list[int]:
        """Of the trials, in the order in which they are tried."""
        return list(self.content["seeds"])

    @property
    def fresh_seeds(self) -> list[int]:
        """Of the comparison afterwards; no trial saw them."""
        return list(self.content["fresh"])

    @cached_property
    def measure(self) -> Measure:
        return measure(self.content["metric"])

    @property
    def winner(self) -> Trial | None:
        return best(self.trials)

    @property
    def undecided(self) -> bool:
        """Whether all complete trials have the same score, so that the winner is merely the first of them."""
        return len(self.trials) > 1 and len({trial.mean for trial in self.trials if trial.status == "complete"}) == 1

    def name(self, params: Mapping[str, Any]) -> str:
        """Settings for a person: `r1.gamma=0.5, ema.half_life=100`."""
        return ", ".join(f"{self.labels[key]}={short(value)}" for key, value in params.items())

    def recipe(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The recipe with these settings, without a seed."""
        return put(self.content["recipes"]["default"], params)

    def trial_cell(self, trial: Trial, seed: int) -> Cell:
        """The run of a trial with a seed."""
        arm = Arm(f"trial {trial.number}: {self.name(trial.params)}", f"trial-{trial.number:04d}")
        return self.cell(self.domain, arm, seed)

    def rival_cell(self, rival: Rival, seed: int) -> Cell:
        """The run of one side of the final comparison with a fresh seed."""
        return self.cell(self.domain, rival.arm, seed)

    def trial_run(self, trial: Trial, seed: int) -> tuple[Cell, dict[str, Any]]:
        """The same with its recipe."""
        return self.trial_cell(trial, seed), {**self.recipe(trial.params), "seed": seed}

    def rival_run(self, rival: Rival, seed: int) -> tuple[Cell, dict[str, Any]]:
        """The same with its recipe."""
        cell = self.rival_cell(rival, seed)
        return cell, {**rival.at(cell.setting), "seed": seed}

    def runs(self) -> list[tuple[Cell, dict[str, Any]]]:
        """Trials first, then fresh seeds."""
        begun = [(t, seed) for t in self.trials for seed in self.seeds if seed in t.scores or t.status in _OPEN]
        found = [self.trial_run(trial, seed) for trial, seed in begun]
        return found + [self.rival_run(rival, seed) for rival in self.rivals for seed in self.fresh_seeds]


def short(value: Any) -> str:
    """A setting as a table shows it."""
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
