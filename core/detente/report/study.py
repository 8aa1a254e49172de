"""The report of a study: the question, what can be said of it, and everything that it rests on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from markupsafe import Markup

from detente.cells import SETTLED, Arm, Outcome, Study
from detente.recipe.document import dump
from detente.report.charts import Axes, Point, Series, chart, swatch, top
from detente.report.page import Preview, previews, render

ROWS = {"real": "real data (1)", "baseline": "baseline", "untrained": "untrained (0)"}


def study_report(folder: Path) -> Path:
    """Write report.html into a study's folder, of what is there by now.

    Raises:
        UsageError: the folder holds no study.
    """
    study = Study.open(folder)
    outcomes = [Outcome.of(cell) for cell in study.cells]
    domains = [_Domain(study, name, outcomes) for name in study.domains]
    recipes = [
        (f"{name}: {arm.text}", dump(study.content["recipes"][name][arm.slug]))
        for name in study.domains
        for arm in study.arms
    ]
    return render(
        "study.html",
        study.report,
        study=study,
        title=_title(study),
        question=_question(study),
        answer=_answer(study, domains),
        status=_status(outcomes),
        domains=domains,
        swatch=swatch,
        key=key,
        lost=[outcome for outcome in outcomes if outcome.status not in SETTLED or outcome.status == "diverged"],
        recipes=recipes,
        findings=study.content.get("findings", []),
    )


def key(index: int) -> str:
    """The letter of an arm: A, B, …, Z, A2, …"""
    return chr(ord("A") + index % 26) + (str(index // 26 + 1) if index >= 26 else "")


@dataclass(frozen=True)
class Row:
    """One arm in one domain, over the seeds.

    Attributes:
        outcomes: one per seed, in the order of the seeds.
        partners: those of `none`.
        style: number of its colour; 0 is that of `none`.
    """

    arm: Arm
    key: str
    style: int
    outcomes: Sequence[Outcome]
    partners: Sequence[Outcome]

    @property
    def finals(self) -> list[float]:
        """Scaled scores of the seeds that have one."""
        return [outcome.final for outcome in self.outcomes if outcome.final is not None]

    @property
    def mean(self) -> float | None:
        return _mean(self.finals)

    @property
    def best(self) -> float | None:
        return _mean(outcome.best or 0.0 for outcome in self.outcomes if outcome.final is not None)

    @property
    def differences(self) -> list[float | None]:
        """The scaled score less that of `none`, for each seed that has both."""
        pairs = zip(self.outcomes, self.partners, strict=False)
        return [None if None in (a.final, b.final) else (a.final or 0.0) - (b.final or 0.0) for a, b in pairs]

    @property
    def difference(self) -> float | None:
        return _mean(d for d in self.differences if d is not None)

    @property
    def step_seconds(self) -> float | None:
        return _mean(outcome.step_seconds for outcome in self.outcomes if outcome.step_seconds is not None)

    @property
    def cost(self) -> float | None:
        """Seconds per step, relative to `none`, over the seeds that have both."""
        pairs = zip(self.outcomes, self.partners, strict=False)
        return _mean(a.step_seconds / b.step_seconds for a, b in pairs if a.step_seconds and b.step_seconds)

    def count(self, status: str) -> int:
        """How many seeds ended in a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def heat(self) -> str:
        """The class of a cell of the overview."""
        return "empty" if self.mean is None else f"h{round(10 * self.mean)}"

    def score(self, name: str) -> tuple[float, float, float] | None:
        """Mean, lowest and highest of a raw score."""
        return _range(outcome.scores[name] for outcome in self.outcomes if name in outcome.scores)


class _Domain:
    """What a report says of one domain."""

    def __init__(self, study: Study, name: str, outcomes: Sequence[Outcome]) -> None:
        self.name, self.study = name, study
        self.primary = study.primary(name)
        own = [outcome for outcome in outcomes if outcome.cell.domain == name]
        partners = [outcome for outcome in own if outcome.cell.arm == study.none]
        colours = _colours(study)
        self.rows = [
            Row(arm, key(i), colours[arm], [o for o in own if o.cell.arm == arm], partners)
            for i, arm in enumerate(study.arms)
        ]
        self.outcomes = own

    def row(self, arm: Arm) -> Row:
        """The row of an arm."""
        return next(row for row in self.rows if row.arm == arm)

    @cached_property
    def references(self) -> list[tuple[str, Callable[[str], Any]]]:
        """The reference rows: what each is called, and its mean, lowest and highest of a score over the seeds."""
        seeds = {o.cell.seed: o.references for o in self.outcomes if o.references}

        def of(row: str) -> Callable[[str], Any]:
            return lambda name: _range(r[row][name] for r in seeds.values() if name in r.get(row, {}))

        return [(text, of(row)) for row, text in ROWS.items() if any(row in r for r in seeds.values())]

    @property
    def score_names(self) -> list[str]:
        """All scores, the primary one first."""
        names = {name for o in self.outcomes for scores in (o.scores, *o.references.values()) for name in scores}
        return sorted(names, key=lambda name: (name != self.primary["score"], name))

    @property
    def baseline(self) -> float | None:
        """The scaled score of the baseline, mean over the seeds."""
        from detente.domain import Primary

        primary, name = Primary(**self.primary), self.primary["score"]
        seeds = {o.cell.seed: o.references for o in self.outcomes if o.references}
        return _mean(
            primary.scaled(r["baseline"][name], floor=r["untrained"][name], ceiling=r["real"][name])
            for r in seeds.values()
            if all(name in r.get(row, {}) for row in ROWS)
        )

    @property
    def curves(self) -> Markup | None:
        """The scaled score over the steps, one curve per arm."""
        series = [self._series(row) for row in self.rows]
        steps = [point[0] for s in series for run in s.runs for point in run]
        if not steps:
            return None
        rules = [] if self.baseline is None else [(self.baseline, "baseline")]
        heights = [point[1] for s in series for run in (s.mean, *s.runs) for point in run]
        axes = Axes(x=(0, max(steps)), y=(0, top([*heights, self.baseline or 0.0])), rules=rules)
        return chart(series, axes, f"Scaled score over steps in {self.name}, one curve per arm")

    def _series(self, row: Row) -> Series:
        runs = [outcome.curve for outcome in row.outcomes if outcome.curve]
        ends = [outcome.curve[-1] for outcome in row.outcomes if outcome.status == "diverged" and outcome.curve]
        steps = sorted({step for run in runs for step, _ in run})
        mean: list[Point] = []
        for step in steps:
            found = [_at(outcome, step) for outcome in row.outcomes if outcome.curve]
            if None not in found:
                mean.append((step, fmean(value for value in found if value is not None)))
        return Series(row.key, row.style, mean, runs if len(runs) > 1 else (mean,), ends)

    @cached_property
    def samples(self) -> list[tuple[int, list[tuple[Row, Outcome, Preview | None]]]]:
        """For each of the first seeds, the last samples of every arm; the same latents everywhere."""
        found: list[tuple[int, list[tuple[Row, Outcome, Preview | None]]]] = []
        for i, seed in enumerate(self.study.seeds[:3]):
            side = [
                (row, row.outcomes[i], (previews(row.outcomes[i].cell.run.samples) or [None])[-1]) for row in self.rows
            ]
            if any(shown for _, _, shown in side):
                found.append((seed, side))
        return found

    @property
    def sentence(self) -> str:
        """What the domain's numbers are, in words."""
        scored = [row for row in self.rows if row.mean is not None]
        if not scored:
            return f"In {self.name} no run has come to its end yet."
        first = max(scored, key=lambda row: row.mean or 0.0)
        what = "mean scaled score" if len(self.study.seeds) > 1 else "scaled score"
        text = f"In {self.name} the highest {what} is that of “{first.arm.text}”, {_spread(first)}"
        none = next((row for row in scored if row.arm == self.study.none), None)
        if none is None or none is first:
            others = [row for row in scored if row is not first]
            second = max(others, key=lambda row: row.mean or 0.0, default=None)
            return f"{text}{f'; “{second.arm.text}” follows with {_spread(second)}' if second else ''}."
        pairs = [d for d in first.differences if d is not None]
        above = sum(d > 0 for d in pairs)
        return f"{text}; “none” has {_spread(none)}. It was above “none” with {above} of {len(pairs)} seeds."


def _at(outcome: Outcome, step: int) -> float | None:
    """The scaled score at a step; 0 from where a run diverged, None where it has not come to yet."""
    value = dict(outcome.curve).get(step)
    return 0.0 if value is None and outcome.status == "diverged" else value


def _colours(study: Study) -> dict[Arm, int]:
    """0 for none, the others from 1 in order."""
    others = [arm for arm in study.arms if arm != study.none]
    return {arm: 0 if arm == study.none else 1 + others.index(arm) for arm in study.arms}


def _title(study: Study) -> str:
    return f"{_list([a.text for a in study.arms], 4, 'arms')} on {_list(study.domains, 4, 'domains')}"


def _question(study: Study) -> str:
    others = [arm.text for arm in study.arms if arm != study.none]
    where = _list(study.domains, 4, "domains")
    if study.none is None or not others:
        return f"How good are {_list([f'“{a.text}”' for a in study.arms], 6, 'arms')} on {where}?"
    if len(others) == 1:
        return f"Does {others[0]} improve on “none” on {where}?"
    return f"Does any of {_list(others, 6, 'regularizers', 'and')} improve on “none” on {where}?"


def _answer(study: Study, domains: Sequence[_Domain]) -> list[str]:
    if len(study.seeds) == 1:
        first = "A taste, no verdict: one seed cannot tell a better arm from a lucky one."
    else:
        first = (
            f"No verdict yet: what follows describes runs with {len(study.seeds)} seeds, their means and ranges. "
            "No interval or test has been computed, and differences this size may be chance."
        )
    return [first, *(domain.sentence for domain in domains)]


def _status(outcomes: Sequence[Outcome]) -> str:
    counts = {status: sum(o.status == status for o in outcomes) for status in ("finished", "diverged", "failed")}
    open_ = len(outcomes) - sum(counts.values())
    text = f"{counts['finished']} of {len(outcomes)} runs finished"
    if counts["diverged"]:
        text += f", {counts['diverged']} diverged (counted with score 0)"
    if counts["failed"]:
        text += f", {counts['failed']} failed (left out of the means)"
    return text + (f"; {open_} still to come: this is the report of an unfinished study." if open_ else ".")


def _list(names: Sequence[str], most: int, what: str, last: str = "and") -> str:
    if len(names) > most:
        return f"{len(names)} {what}"
    return f" {last} ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _spread(row: Row) -> str:
    finals = row.finals
    if len(finals) == 1:
        return f"{finals[0]:.2f}"
    return f"{fmean(finals):.2f} (from {min(finals):.2f} to {max(finals):.2f})"


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return fmean(found) if found else None


def _range(values: Iterable[float]) -> tuple[float, float, float] | None:
    found = list(values)
    return (fmean(found), min(found), max(found)) if found else None
