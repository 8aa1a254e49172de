"""What a report says of one domain: its arms over the seeds, their curves, differences, samples, stability and cost."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from markupsafe import Markup

from detente.errors import visible
from detente.report.arms import Row
from detente.report.charts import Axes, chart, fitted, span
from detente.report.curves import Runs, missing, series
from detente.report.forest import NARROW, REST, WIDE, ForestRow, Frame, forest
from detente.report.gallery import Samples, references, samples
from detente.report.references import ROWS, scaled
from detente.report.sentences import listed
from detente.report.summaries import range_of, spread
from detente.results.best import best_run
from detente.results.cells import Arm
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.tiers import Tiers, tiers
from detente.results.verdicts import Verdicts

MOST_SHOWN = 1_800_000
"""Characters of samples in a report; further seeds are left out from there on."""
_SEEDS_SHOWN = 3


class DomainPart:
    """One domain of a report."""

    def __init__(self, study: Study, name: str, outcomes: Sequence[Outcome], verdicts: Verdicts) -> None:
        self.name, self.study = name, study
        self.primary = study.primary(name)
        own = [outcome for outcome in outcomes if outcome.cell.domain == name]
        partners = [outcome for outcome in own if outcome.cell.arm == study.against]
        others = study.others
        self.rows = [
            Row(
                arm,
                i,
                1 + others.index(arm) if arm in others else 0,
                [o for o in own if o.cell.arm == arm],
                partners,
                verdicts.of(name, arm),
                verdicts.broken(name, arm),
            )
            for i, arm in enumerate(study.arms)
        ]
        self.outcomes = own
        self.best = best_run(own, name)
        self.pairwise = [c for c in verdicts.pairwise if c.domain == name]

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
        return scaled(self.study, self.name, self.outcomes, "baseline")

    @cached_property
    def runs(self) -> list[Runs]:
        """For each arm the curves of its runs, from the first step where it is known what was there."""
        return [[(self.whole(o), o.status == "diverged") for o in row.outcomes if o.curve] for row in self.rows]

    def whole(self, outcome: Outcome) -> tuple[tuple[int, float], ...]:
        """A run's curve from step 0, if its generator was there what a reference row has."""
        before = scaled(self.study, self.name, [outcome], outcome.start) if outcome.start else None
        return outcome.curve if before is None else ((0, before), *outcome.curve)

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
        found = [missing(row.arm.text, own, len(row.outcomes)) for row, own in zip(self.rows, self.runs, strict=True)]
        return "; ".join(filter(None, found))

    @cached_property
    def modes(self) -> tuple[str, Markup | None] | None:
        """What covers modes, in words and its course; a picture only where there is something to see.

        None where no metric says.
        """
        curves = [[(o.stability.modes, False) for o in row.outcomes if o.stability.modes] for row in self.rows]
        names = {o.stability.modes_name for o in self.outcomes if o.stability.modes}
        if len(names) != 1:
            return None
        (name,) = names
        values = {value for own in curves for curve, _ in own for _, value in curve}
        if len(values) == 1:
            return f"{name}: {values.pop():g} for every run at every evaluation.", None
        return name, self._chart(curves, f"{name} over steps in {self.name}, one curve per arm")

    def _chart(
        self, curves: Sequence[Runs], title: str, rules: Sequence[tuple[float, str]] = (), *, scaled: bool = False
    ) -> Markup:
        drawn = [series(row.arm.text, row.style, own, row.number) for row, own in zip(self.rows, curves, strict=True)]
        points = [point for own in curves for curve, _ in own for point in curve]
        heights = [y for _, y in points]
        inside = fitted([*heights, *(value for value, _ in rules)]) if scaled else span(heights)
        axes = Axes(x=(0, max(x for x, _ in points)), y=inside, rules=rules, width=600, height=310, right=150)
        return chart(drawn, axes, title)

    @property
    def forest(self) -> Markup | None:
        """The differences from the reference with their intervals and every seed."""
        return self._forest(WIDE)

    @property
    def panel(self) -> Markup | None:
        """The same, small, with the baseline and without the seeds."""
        return self._forest(NARROW)

    def _forest(self, frame: Frame) -> Markup | None:
        lines = [
            ForestRow(
                row.arm.text,
                row.style,
                c.mean,
                c.interval,
                c.contrast.sound if frame is WIDE else (),
                bool(c.claimed or c.contrast.better),
                row.sound_seeds if frame is WIDE else (),
                row.number,
            )
            for row in self.rows
            if (c := row.compared) is not None and c.mean is not None
        ]
        if not lines:
            return None
        reference = self.row(self.study.against).mean
        if frame is NARROW and self.baseline is not None and reference is not None:
            lines.append(ForestRow("baseline", REST, self.baseline - reference, None, (), False))
        name = visible(self.study.against.text)
        title = f"Differences from {name} in {self.name} with intervals"
        return forest(lines, title, f"difference from {name}", frame)

    @cached_property
    def tiers(self) -> Tiers:
        """What the verdicts between every two arms sort the arms into."""
        return tiers(self.study.arms, self.pairwise)

    @cached_property
    def shown_references(self) -> list[tuple[str, Samples]]:
        """Samples of real data and of an untrained generator, of the first run that has some."""
        return next(filter(None, (references(o.cell.run.samples) for o in self.outcomes)), [])

    @cached_property
    def samples(self) -> list[tuple[int, list[tuple[Row, Outcome, Samples | None]]]]:
        """The last samples of all arms, from the same latents: of the first seeds, or the first of each setting."""
        found: list[tuple[int, list[tuple[Row, Outcome, Samples | None]]]] = []
        size = 0
        firsts = [one.seeds[0] for one in self.study.settings] or self.study.seeds[:_SEEDS_SHOWN]
        for seed in firsts:
            i = self.study.seeds.index(seed)
            side = [
                (row, row.outcomes[i], (samples(row.outcomes[i].cell.run.samples) or [None])[-1]) for row in self.rows
            ]
            size += sum(shown.size for _, _, shown in side if shown)
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
        ended = sum(o.ended for o in self.outcomes)
        if ended < len(self.outcomes):
            return f"In {self.name} {ended} of {len(self.outcomes)} runs have ended."
        first = max(scored, key=lambda row: row.mean or 0.0)
        what = "mean scaled score" if len(self.study.seeds) > 1 else "scaled score"
        text = f"In {self.name} the highest {what} is that of “{first.arm.text}”, {spread(first.finals)}"
        against = self.study.against
        reference = next((row for row in scored if row.arm == against), None)
        if reference is None or reference is first:
            others = [row for row in scored if row is not first]
            second = max(others, key=lambda row: row.mean or 0.0, default=None)
            return f"{text}{f'; “{second.arm.text}” follows with {spread(second.finals)}' if second else ''}."
        text += f"; “{against.text}” has {spread(reference.finals)}"
        pairs = [d for d in first.differences if d is not None]
        if len(pairs) < 2:
            return f"{text}."
        return f"{text}. It was above “{against.text}” in {sum(d > 0 for d in pairs)} of {len(pairs)} pairs."
