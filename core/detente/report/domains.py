"""What a report says of one domain: its arms over the seeds, their curves, differences, samples, stability and cost."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from detente.domains.primary import Primary
from detente.report.answer import listed
from detente.report.charts import Axes, chart, top
from detente.report.curves import Runs, missing, series
from detente.report.forest import ForestRow, forest
from detente.report.page import Samples, samples
from detente.report.summaries import mean_of, range_of, spread
from detente.results.cells import SETTLED, Arm
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.verdicts import Comparison, Verdicts

ROWS = {"real": "real data (1)", "baseline": "baseline", "untrained": "untrained (0)"}
MOST_SHOWN = 16_000_000
"""Characters of samples in a report; further seeds are left out from there on."""
_SEEDS_SHOWN = 3


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
        compared: the comparison with `none`; None for `none` itself.
        broken: how many runs broke down, of how many, and the interval of the rate.
    """

    arm: Arm
    key: str
    style: int
    outcomes: Sequence[Outcome]
    partners: Sequence[Outcome]
    compared: Comparison | None
    broken: tuple[int, int, tuple[float, float]]

    @property
    def finals(self) -> list[float]:
        """Scaled scores of the seeds that have one."""
        return [outcome.final for outcome in self.outcomes if outcome.final is not None]

    @property
    def mean(self) -> float | None:
        return mean_of(self.finals)

    @property
    def best(self) -> float | None:
        """Mean of the best scaled scores; a run that diverged before its first evaluation has 0."""
        return mean_of(outcome.best or 0.0 for outcome in self.outcomes if outcome.final is not None)

    @property
    def differences(self) -> list[float | None]:
        """The scaled score less that of `none`, for each seed that has both."""
        pairs = zip(self.outcomes, self.partners, strict=False)
        return [a.final - b.final if a.final is not None and b.final is not None else None for a, b in pairs]

    def count(self, status: str) -> int:
        """How many seeds ended in a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def unscored(self) -> int:
        """How many seeds finished without a scaled score."""
        return sum(outcome.unscored for outcome in self.outcomes)

    @property
    def heat(self) -> str:
        """The class of a cell of the overview."""
        return "empty" if self.mean is None else f"h{round(10 * self.mean)}"

    def score(self, name: str) -> tuple[float, float, float] | None:
        """Mean, lowest and highest of a raw score."""
        return range_of(outcome.scores[name] for outcome in self.outcomes if name in outcome.scores)

    # cost

    @property
    def step_seconds(self) -> float | None:
        return mean_of(outcome.step_seconds for outcome in self.outcomes if outcome.step_seconds is not None)

    @property
    def cost(self) -> float | None:
        """Seconds per step, relative to `none`, over the seeds that have both."""
        pairs = zip(self.outcomes, self.partners, strict=False)
        return mean_of(a.step_seconds / b.step_seconds for a, b in pairs if a.step_seconds and b.step_seconds)

    @property
    def memory(self) -> float | None:
        """The most bytes that a run's process held, mean over the seeds."""
        return mean_of(outcome.memory for outcome in self.outcomes if outcome.memory is not None)

    @property
    def memory_cost(self) -> float | None:
        """That memory, relative to `none`."""
        pairs = zip(self.outcomes, self.partners, strict=False)
        return mean_of(a.memory / b.memory for a, b in pairs if a.memory and b.memory)

    # stability

    @property
    def kept(self) -> float | None:
        """Final over best."""
        return mean_of(o.stability.kept for o in self.outcomes if o.stability.kept is not None)

    @property
    def settled(self) -> list[Outcome]:
        """Runs that have come to their end: what they did not do until then they did not do."""
        return [o for o in self.outcomes if o.status in SETTLED]

    @property
    def collapses(self) -> list[int]:
        """The steps at which runs that have come to their end collapsed or diverged."""
        return sorted(o.stability.collapsed for o in self.settled if o.stability.collapsed is not None)

    @property
    def spikes(self) -> float | None:
        return mean_of(o.stability.spikes for o in self.outcomes if o.stability.spikes is not None)

    @property
    def saturated(self) -> float | None:
        return mean_of(o.stability.saturated for o in self.outcomes if o.stability.saturated is not None)

    @property
    def slope(self) -> float | None:
        """Product of the spectral norms of D's layers at the last evaluation."""
        return mean_of(o.stability.slope[-1][1] for o in self.outcomes if o.stability.slope)


class DomainPart:
    """One domain of a report."""

    def __init__(self, study: Study, name: str, outcomes: Sequence[Outcome], verdicts: Verdicts) -> None:
        self.name, self.study = name, study
        self.primary = study.primary(name)
        own = [outcome for outcome in outcomes if outcome.cell.domain == name]
        partners = [outcome for outcome in own if outcome.cell.arm == study.none]
        others = [arm for arm in study.arms if arm != study.none]
        self.rows = [
            Row(
                arm,
                key(i),
                1 + others.index(arm) if arm in others else 0,
                [o for o in own if o.cell.arm == arm],
                partners,
                verdicts.of(name, arm),
                verdicts.broken(name, arm),
            )
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
            return lambda name: range_of(r[row][name] for r in seeds.values() if name in r.get(row, {}))

        return [(text, of(row)) for row, text in ROWS.items() if any(row in r for r in seeds.values())]

    @property
    def counts(self) -> str:
        """How many samples the runs were evaluated with, in words; nothing where their records do not say."""
        found = sorted({outcome.samples for outcome in self.outcomes if outcome.samples})
        return f"{listed([f'{n:,}' for n in found], 6, 'numbers of', 'or')} samples per evaluation" if found else ""

    @property
    def score_names(self) -> list[str]:
        """All scores, the primary one first."""
        names = {name for o in self.outcomes for scores in (o.scores, *o.references.values()) for name in scores}
        return sorted(names, key=lambda name: (name != self.primary["score"], name))

    @property
    def baseline(self) -> float | None:
        """The scaled score of the baseline, mean over the seeds."""
        primary = Primary(**self.primary)
        seeds = {o.cell.seed: o.references for o in self.outcomes if o.references}
        scaled = [primary.scaled_row(r.get("baseline", {}), r) for r in seeds.values()]
        return mean_of(value for value in scaled if math.isfinite(value))

    @cached_property
    def runs(self) -> list[Runs]:
        """For each arm the curves of its runs."""
        return [[(o.curve, o.status == "diverged") for o in row.outcomes if o.curve] for row in self.rows]

    @property
    def broke(self) -> bool:
        """Whether any run that is compared broke down."""
        return any(row.compared and row.compared.contrast.broken != (0, 0) for row in self.rows)

    @property
    def curves(self) -> Markup | None:
        """The scaled score over the steps, one curve per arm."""
        if not any(self.runs):
            return None
        rules = [] if self.baseline is None else [(self.baseline, "baseline")]
        return self._chart(self.runs, f"Scaled score over steps in {self.name}, one curve per arm", rules, scaled=True)

    @property
    def shorter(self) -> str:
        """Which curves are of fewer runs than the arm has, and from where on."""
        found = [missing(row.key, own, len(row.outcomes)) for row, own in zip(self.rows, self.runs, strict=True)]
        return "; ".join(filter(None, found))

    @property
    def modes(self) -> tuple[str, Markup] | None:
        """What covers modes, and its course; None where no metric says."""
        curves = [[(o.stability.modes, False) for o in row.outcomes if o.stability.modes] for row in self.rows]
        names = {o.stability.modes_name for o in self.outcomes if o.stability.modes}
        if len(names) != 1:
            return None
        (name,) = names
        return name, self._chart(curves, f"{name} over steps in {self.name}, one curve per arm")

    def _chart(
        self, curves: Sequence[Runs], title: str, rules: Sequence[tuple[float, str]] = (), *, scaled: bool = False
    ) -> Markup:
        drawn = [series(row.key, row.style, own) for row, own in zip(self.rows, curves, strict=True)]
        points = [point for own in curves for curve, _ in own for point in curve]
        heights = [y for _, y in points] + [value for value, _ in rules]
        high = top(heights) if scaled else 1.05 * max(heights) or 1.0
        return chart(drawn, Axes(x=(0, max(x for x, _ in points)), y=(0, high), rules=rules), title)

    @property
    def forest(self) -> Markup | None:
        """The differences from `none` with their intervals."""
        lines = [
            ForestRow(row.key, row.style, c.mean, c.interval, c.contrast.sound, c.contrast.better != 0)
            for row in self.rows
            if (c := row.compared) is not None and c.mean is not None
        ]
        return forest(lines, f"Differences from none in {self.name} with intervals") if lines else None

    @cached_property
    def samples(self) -> list[tuple[int, list[tuple[Row, Outcome, Samples | None]]]]:
        """For each of the first seeds, the last samples of every arm; the same latents everywhere."""
        found: list[tuple[int, list[tuple[Row, Outcome, Samples | None]]]] = []
        size = 0
        for i, seed in enumerate(self.study.seeds[:_SEEDS_SHOWN]):
            side = [
                (row, row.outcomes[i], (samples(row.outcomes[i].cell.run.samples) or [None])[-1]) for row in self.rows
            ]
            size += sum(len(part.content) for _, _, shown in side if shown for part in shown.parts)
            if found and size * len(self.study.domains) > MOST_SHOWN:
                break
            if any(shown for _, _, shown in side):
                found.append((seed, side))
        return found

    @property
    def sentence(self) -> str:
        """What the domain's numbers are, in words."""
        scored = [row for row in self.rows if row.mean is not None]
        if not scored:
            if any(outcome.unscored for outcome in self.outcomes):
                return f"In {self.name} no run has a scaled score: it was not measured."
            return f"In {self.name} no run has finished yet."
        ended = sum(o.status in (*SETTLED, "failed") for o in self.outcomes)
        if ended < len(self.outcomes):
            return f"In {self.name} {ended} of {len(self.outcomes)} runs have ended."
        first = max(scored, key=lambda row: row.mean or 0.0)
        what = "mean scaled score" if len(self.study.seeds) > 1 else "scaled score"
        text = f"In {self.name} the highest {what} is that of “{first.arm.text}”, {spread(first.finals)}"
        none = next((row for row in scored if row.arm == self.study.none), None)
        if none is None or none is first:
            others = [row for row in scored if row is not first]
            second = max(others, key=lambda row: row.mean or 0.0, default=None)
            return f"{text}{f'; “{second.arm.text}” follows with {spread(second.finals)}' if second else ''}."
        text += f"; “none” has {spread(none.finals)}"
        pairs = [d for d in first.differences if d is not None]
        if len(pairs) < 2:
            return f"{text}."
        return f"{text}. It was above “none” with {sum(d > 0 for d in pairs)} of {len(pairs)} seeds."
