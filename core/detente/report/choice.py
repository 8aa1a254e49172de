"""The report of a selection: what to use, the evidence for it, and what was not tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from detente.recipe.document import dump
from detente.report.gallery import Samples
from detente.report.gallery import samples as samples_of
from detente.report.page import duration, render
from detente.report.recommendation import larger, sentence, surer, ties
from detente.results.best import best_run, sampling
from detente.results.cells import Arm
from detente.results.choice import Choice
from detente.results.outcomes import Outcome


def choice_report(folder: Path) -> Path:
    """Write report.html into a selection's folder, of what is there by now.

    Raises:
        UsageError: the folder holds no selection, or one of which too much is damaged.
    """
    choice = Choice.open(folder, damaged=True)
    page = _Page(choice)
    recipes = choice.content["recipes"]
    shown = [choice.none, *([] if page.arm is None else [page.arm])]
    return render(
        "choice.html",
        choice.report,
        choice=choice,
        page=page,
        sampling=sampling,
        findings=choice.content.get("findings", []),
        damaged=[*choice.damaged, *(text for outcome in page.outcomes for text in outcome.damaged)],
        recipes=[(arm.text, dump(recipes[arm.slug])) for arm in shown],
    )


@dataclass(frozen=True)
class Row:
    """One candidate in the search.

    Attributes:
        blocks: on how many it was compared with `none`.
        mean: of the differences; None where there is none.
        diverged: how many of its runs diverged.
        state: what became of it.
    """

    arm: Arm
    family: str
    blocks: int
    mean: float | None
    diverged: int
    state: str


class _Page:
    """What the page says."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.found = choice.selection
        self.outcomes = [Outcome.of(cell) for cell, _ in choice.runs()]
        self.arm = choice.chosen

    @property
    def question(self) -> str:
        return f"Which regularizer suits {self.choice.domain}?"

    @property
    def verdict(self) -> str:
        return sentence(self.choice, self.found)

    @property
    def surer(self) -> tuple[str, str]:
        """How to get more certainty: a sentence, and the command."""
        return surer(self.choice, self.found)

    @property
    def larger(self) -> str:
        return larger(self.choice) if self.choice.cells else ""

    @property
    def ties(self) -> str:
        """Candidates that could not be told from the one that was chosen."""
        return ties(self.choice, self.found)

    @cached_property
    def rows(self) -> list[Row]:
        """The candidates: what was compared longest first, of these the best."""
        if self.found is None:
            return []
        found = [self._row(number, arm) for number, arm in enumerate(self.choice.tried)]
        return sorted(found, key=lambda row: (-row.blocks, -(row.mean or 0.0)))

    def _row(self, number: int, arm: Arm) -> Row:
        assert self.found is not None
        own = self.found.search(number)
        last = max((i for i, ask in enumerate(self.found.asks) if number in ask.arms and not ask.fresh), default=-1)
        state = "not begun" if last < 0 else f"dropped after round {last + 1}"
        if number in self.found.failed:
            state = next(
                (f"out: {o.reason or o.status}" for o in self.outcomes if o.cell.arm == arm and o.final is None), "out"
            )
        elif number == self.found.chosen:
            state = "chosen"
        elif number in self.found.alive:
            state = "in the search" if self.found.chosen is None else "left when the runs of the search were spent"
        diverged = sum(o.status == "diverged" for o in self.outcomes if o.cell.arm == arm)
        family = self.choice.content["candidates"][number].get("family", "")
        return Row(arm, family, len(own), self.found.mean(number), diverged, state)

    @property
    def tested(self) -> list[tuple[Outcome, Outcome]]:
        """The runs on fresh blocks that have begun: of the chosen arm, and of `none`."""
        ask = next((a for a in [*self.found.asks, self.found.ask] if a and a.fresh), None) if self.found else None
        if ask is None:
            return []
        known = {outcome.cell: outcome for outcome in self.outcomes}
        return [(known[arm[0]], known[none[0]]) for none, arm in self.choice.asked(ask)]

    @property
    def best(self) -> Outcome | None:
        """The best run of the recommended arm on fresh blocks."""
        arm = self.choice.recommended
        own = [o for pair in self.tested for o in pair if o.cell.arm == arm]
        return best_run(own, self.choice.domain)

    @property
    def samples(self) -> list[tuple[Outcome, Samples | None]]:
        """The last samples on the first fresh block: the same latents on both sides."""
        pair: Sequence[Outcome] = self.tested[0] if self.tested else ()
        found = [(outcome, (samples_of(outcome.cell.run.samples) or [None])[-1]) for outcome in pair]
        return found if any(shown for _, shown in found) else []

    @property
    def lost(self) -> list[Outcome]:
        """Runs that failed or diverged, or were stopped."""
        return [o for o in self.outcomes if o.status in ("failed", "diverged", "interrupted")]

    @property
    def budget(self) -> str:
        """What was spent, and how a time became a number of runs."""
        c, timed = self.choice, self.choice.content.get("timed")
        took = duration(sum(o.seconds or 0 for o in self.outcomes))
        spent = f"{sum(o.ended for o in self.outcomes)} runs with {took} of training in all"
        if c.cells is None:
            return f"{spent}; the budget is a time, {duration(c.content.get('budget'))}, and no run was timed yet."
        bought = f"the budget is {c.cells} runs"
        if timed:
            bought += (
                f", which {duration(c.content.get('budget'))} buy by one run that took {duration(timed['seconds'])}, "
                f"{timed['at_once']} at a time; that was decided once, so no result depends on the load"
            )
        return f"{spent}; {bought}."

    @property
    def how(self) -> str:
        """The method, in words."""
        turn = self.choice.turn
        blocks = f"settings and seeds, {turn} settings in turn" if turn > 1 else "seeds"
        return (
            f"All candidates and “none” are trained on the same blocks ({blocks}), the better half by mean difference "
            "goes on to further blocks, and so on until one is left. A run that diverged scores 0; a candidate is out "
            "when a run of it failed. The search favours whoever was lucky, so its means claim nothing. The arm that "
            "is left and “none” are then trained on fresh blocks, whose number was fixed before: the one exact test "
            "there claims an improvement by chance in at most 5 of 100 selections, whatever the search did."
        )
