"""The report of a search: what its winner is worth on new seeds, and how it was found."""

import math
from functools import cached_property
from pathlib import Path

import numpy as np
from markupsafe import Markup

from detente.recipe.document import dump
from detente.report.page import Samples, render
from detente.report.page import samples as samples_of
from detente.report.rivals import ROLES, Row, call, lead, with_interval
from detente.report.slices import Dot, choice_chart, slice_chart
from detente.results.best import best_run, sampling
from detente.results.cells import SETTLED
from detente.results.contrasts import contrasts
from detente.results.outcomes import Outcome
from detente.results.search import Noise, Trial, Tuning, short
from detente.results.statistics import LEVEL, Interval, limits

SAMPLERS = {
    "grid": "a grid",
    "random": "random draws",
    "tpe": "Optuna's tree-structured Parzen estimator",
}


def tuning_report(folder: Path) -> Path:
    """Write report.html into a search's folder, of what is there by now.

    Raises:
        UsageError: the folder holds no search, or one of which too much is damaged.
    """
    tuning = Tuning.open(folder, damaged=True)
    page = _Page(tuning)
    return render(
        "tuning.html",
        tuning.report,
        tuning=tuning,
        page=page,
        short=short,
        sampling=sampling,
        findings=tuning.content.get("findings", []),
        damaged=[*tuning.damaged, *(text for outcome in page.outcomes.values() for text in outcome.damaged)],
        recipes=[
            *((rival.arm.text, dump(rival.recipe)) for rival in tuning.rivals),
            *([] if tuning.rivals else [("default", dump(tuning.content["recipes"]["default"]))]),
        ],
    )


class _Page:
    """What the page says."""

    def __init__(self, tuning: Tuning) -> None:
        self.tuning = tuning
        self.winner = tuning.winner
        self.outcomes = {cell: Outcome.of(cell) for cell, _ in tuning.runs()}
        self.noise = Noise.of(tuning.trials)

    @property
    def question(self) -> str:
        names = list(self.tuning.labels.values())
        listed = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
        return f"Which {listed} suits {self.tuning.domain} with {self.tuning.chain}?"

    @cached_property
    def rows(self) -> list[Row]:
        """The comparison on new seeds, the winner first."""
        rivals = self.tuning.rivals
        cells = [[self.tuning.rival_cell(rival, seed) for seed in self.tuning.fresh_seeds] for rival in rivals]
        scores = [[self.tuning.measure(cell) for cell in own] for own in cells]
        if not scores:
            return []
        table = np.array([[math.nan if s is None else s for s in own] for own in scores])  # [rivals, seeds]
        outcomes = [[self.outcomes[cell] for cell in own] for own in cells]
        ended = all(o.status in (*SETTLED, "failed") for own in outcomes for o in own)
        winner = np.repeat(table[:1], len(table) - 1, axis=0)
        against = [None, *(contrasts(winner.T, table[1:].T, tested=ended) if len(table) > 1 else [])]
        return list(map(Row, rivals, outcomes, scores, against))

    @property
    def verdict(self) -> str:
        """The headline, from the fresh seeds alone."""
        if self.winner is None:
            lost = self.counts["failed"]
            return (
                f"No trial has a score: {lost} failed or could not be measured."
                if lost
                else "No trial has finished yet."
            )
        name = self.tuning.name(self.winner.params)
        if not self.rows and self.counts["running"]:
            return f"{name} is ahead so far; the search is not finished."
        first = f"{name} won the search"
        if not self.rows or self.rows[0].mean is None:
            return f"{first}; its runs on new seeds are not finished, and its score in the search is optimistic."
        own = self.rows[0]
        n = len(own.measured)
        text = (
            f"On {n} fresh seeds {self.tuning.name(self.winner.params)} reaches {with_interval(own.mean, own.interval)}"
        )
        against = [
            f"{call(row)} has {with_interval(row.mean, row.interval)}" for row in self.rows[1:] if row.mean is not None
        ]
        if "none" in own.rival.roles or "default" in own.rival.roles:
            against.append("it is " + " and ".join(ROLES[r] for r in own.rival.roles if r != "winner") + " itself")
        return "; ".join([text, *against]) + "."

    @property
    def best(self) -> Outcome | None:
        """The winner's best run on the fresh seeds."""
        return best_run(self.rows[0].outcomes, self.tuning.domain) if self.rows else None

    @property
    def sentences(self) -> list[str]:
        """What the differences are worth."""
        found: list[str] = []
        found += [lead(row) for row in self.rows[1:]]
        if self.tuning.undecided:
            found.append("All complete trials have the same score: the search found no difference.")
        if len(self.rows) > 1:
            pairs = max(row.against.pairs for row in self.rows[1:] if row.against)
            found.append(limits(pairs, len(self.rows) - 1) if pairs else "")
        if self.tuning.settings:
            names = "; ".join(one.name for one in self.tuning.settings)
            found.append(f"The fresh seeds are spread over {len(self.tuning.settings)} settings ({names}), as blocks.")
        if self.winner is not None and self.rows and self.rows[0].mean is not None:
            drop = self.winner.mean - self.rows[0].mean
            k = len(self.winner.scores)
            tail = f"{abs(drop):.3f} {'above' if drop >= 0 else 'below'} what it is on fresh ones"
            found.append(
                f"In the search itself it had {self.winner.mean:.3f} on {k} seed{'s' if k > 1 else ''}, {tail}. The "
                "best score of many trials is too optimistic, so only the scores on fresh seeds count."
            )
        return [sentence for sentence in found if sentence]

    @property
    def edge(self) -> list[str]:
        """Where the winner stands at the end of a range, better settings may lie beyond."""
        if self.winner is None:
            return []
        found: list[str] = []
        for key, kind, low, high in self._numeric():
            value, scale = float(self.winner.params[key]), math.log if kind == "log" else float
            share = (scale(value) - scale(low)) / (scale(high) - scale(low))
            if share < 0.05 or share > 0.95:
                end = "low" if share < 0.5 else "high"
                label = self.tuning.labels[key]
                found.append(f"{label} won at the {end} end of its range: search again with a wider range.")
        return found

    @property
    def budget(self) -> str:
        """What was spent, on whom."""
        t, counts = self.tuning, self.counts
        runs = sum(len(trial.scores) for trial in t.trials)
        steps = t.content["recipes"]["default"]["steps"]
        return (
            f"{len(t.trials)} trials, {runs} runs in the search, and {len(self.rows)} settings with "
            f"{len(t.fresh_seeds)} fresh seeds each; every run has {steps} steps. {counts['complete']} trials are "
            f"complete, {counts['pruned']} pruned, {counts['failed']} failed or not measured, {counts['running']} "
            f"open; {self.diverged} of the search's runs diverged, which counts as 0. The default and “none” were not "
            "tuned, so part of the winner's advantage is due to the search itself."
        )

    @property
    def counts(self) -> dict[str, int]:
        return {s: sum(t.status == s for t in self.tuning.trials) for s in ("complete", "pruned", "failed", "running")}

    @property
    def diverged(self) -> int:
        """Runs of the search that diverged."""
        return sum(self.count(trial, "diverged") for trial in self.tuning.trials)

    def count(self, trial: Trial, status: str) -> int:
        """How many runs of a trial ended in a status."""
        cells = (self.tuning.trial_cell(trial, seed) for seed in self.tuning.seeds)
        return sum(cell in self.outcomes and self.outcomes[cell].status == status for cell in cells)

    @property
    def lost(self) -> list[Outcome]:
        """Runs that failed or diverged, or were stopped."""
        return [o for o in self.outcomes.values() if o.status in ("failed", "diverged", "interrupted")]

    @property
    def ordered(self) -> list[Trial]:
        """Trials from the best on: complete ones, those given up, the rest."""
        order = ("complete", "pruned", "failed", "running")
        return sorted(self.tuning.trials, key=lambda t: (order.index(t.status), -t.mean if t.scores else 0.0, t.number))

    def interval(self, trial: Trial) -> Interval | None:
        """Of a trial's mean, from the noise that all complete trials share."""
        if self.noise is None or math.isnan(trial.mean):
            return None
        from scipy.stats import t

        half = float(t.ppf((1 + LEVEL) / 2, self.noise.freedom)) * self.noise.deviation / math.sqrt(len(trial.scores))
        return Interval(max(0.0, trial.mean - half), min(1.0, trial.mean + half))

    @property
    def importance(self) -> list[tuple[str, float]]:
        found = self.tuning.importance
        return sorted(((self.tuning.labels[key], share) for key, share in found.items()), key=lambda pair: -pair[1])

    @property
    def slices(self) -> list[tuple[str, str, Markup]]:
        """For each thing that is searched its name, its range and its chart."""
        found: list[tuple[str, str, Markup]] = []
        numeric = {key: (kind, low, high) for key, kind, low, high in self._numeric()}
        for entry in self.tuning.content["search"]:
            key, label = entry["key"], entry["label"]
            title = f"Score of each trial over {label}"
            if key in numeric:
                kind, low, high = numeric[key]
                dots = [self._dot(trial, float(trial.params[key])) for trial in self._scored]
                drawn = slice_chart(dots, (low, high), kind == "log", title, label)
            else:
                values = list(dict.fromkeys(short(trial.params[key]) for trial in self.tuning.trials))
                dots = [self._dot(trial, values.index(short(trial.params[key]))) for trial in self._scored]
                drawn = choice_chart(dots, values, title, label)
            found.append((label, entry["range"], drawn))
        return found

    @property
    def samples(self) -> list[tuple[Row, Outcome, Samples | None]]:
        """The last samples of each setting with the first fresh seed: the same latents everywhere."""
        found = [
            (row, row.outcomes[0], (samples_of(row.outcomes[0].cell.run.samples) or [None])[-1]) for row in self.rows
        ]
        return found if any(shown for _, _, shown in found) else []

    @property
    def how(self) -> str:
        """The method, in words."""
        c = self.tuning.content
        sampler, seed, wave = (c.get(key, "unknown") for key in ("sampler", "sampler_seed", "wave"))
        text = f"Settings were chosen by {SAMPLERS.get(sampler, sampler)} with seed {seed}, {wave} at a time"
        if len(self.tuning.seeds) > 1:
            text += (
                "; after each seed a trial was pruned if it was further behind the best complete one than one in "
                "a thousand equally good trials would be"
            )
        if self.noise is not None:
            text += (
                f". The standard deviation of a score between seeds is {self.noise.deviation:.3f}, estimated over "
                f"all complete trials with {self.noise.freedom} degrees of freedom; the intervals of trials use it"
            )
        return f"{text}."

    @property
    def _scored(self) -> list[Trial]:
        return [trial for trial in self.tuning.trials if trial.scores and trial.status in ("complete", "pruned")]

    def _dot(self, trial: Trial, x: float) -> Dot:
        around = self.interval(trial)
        kind = "best" if self.winner is not None and trial.number == self.winner.number else trial.status
        name = f"trial {trial.number}: {self.tuning.name(trial.params)}, {trial.mean:.3f}"
        return Dot(x, trial.mean, around and around.low, around and around.high, kind, name)

    def _numeric(self) -> list[tuple[str, str, float, float]]:
        found: list[tuple[str, str, float, float]] = []
        for entry in self.tuning.content["search"]:
            kind, _, ends = entry["range"].partition(":")
            if kind != "choice":
                low, high = (float(end) for end in ends.split(".."))
                found.append((entry["key"], kind, low, high))
        return found
