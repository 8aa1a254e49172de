"""A choice on disk: what `choose` was asked for, its candidates, and how far it is.

selection.yaml names the candidates and the budget. What is to be run next follows from the scores of the runs that are
there (`Selection`), so nothing else has to be kept, and whoever reads the folder later comes to the same.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from detente.errors import UsageError
from detente.hookspecs import StudyView
from detente.results.cells import NONE, Arm, Cell
from detente.results.contradictions import renamed
from detente.results.manifest import MOST, Manifest
from detente.results.outcomes import Outcome
from detente.results.schemas import SelectionRecord
from detente.results.selection import Ask, Selection, capacity, fewest
from detente.results.settings import APART, Setting

FRESH_FROM = 1000
"""The first fresh seed is this and the number of runs: a larger budget has fresh blocks that a smaller one had not."""


class Choice(Manifest):
    """What a selection.yaml says."""

    file, kind, verb, format, schema = "selection.yaml", "selection", "choose", 1, SelectionRecord
    writes = (*Manifest.writes, "choice.yaml")

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        super().__init__(folder, content)
        self._scores: dict[Cell, float] = {}

    def problems(self, damaged: bool) -> list[str]:
        keys = [NONE, *(entry["slug"] for entry in self.content["candidates"])]
        said = [f"{self.path}: recipes.{key}: is missing; {self.fix()}." for key in keys if key not in self._recipes]
        said += [*self._unset(), *self.elsewhere({self.domain: self._recipes})]
        said += [] if damaged else self.unsaid({self.domain: self._recipes})
        if "settings" not in self.content:
            said.append(f"{self.path}: settings: is missing; {self.fix()}.")
        if self.cells is None and self.content.get("budget") is None:
            said.append(f"{self.path}: cells: is missing, and so is budget; {self.fix()}.")
        said += renamed(self.path, "candidates", self.content["candidates"], self.fix())
        if self.cells is not None and self.cells < fewest(self.turn):
            said.append(f"{self.path}: cells: {self.cells} are too few; {self.fix()}.")
        if said and (not damaged or NONE not in self._recipes):
            raise UsageError("\n".join(said[:MOST]))
        self.content["candidates"] = [c for c in self.content["candidates"] if c["slug"] in self._recipes]
        if self.cells is not None and self.cells < fewest(self.turn):
            self.content["cells"] = None
        return said

    def _unset(self) -> list[str]:
        """What is wrong with the settings, which then hold for nothing."""
        try:
            for one in self.settings:
                for key, recipe in self._recipes.items():
                    one.recipe(recipe, self.domain, key)
        except (KeyError, TypeError):
            del self.content["settings"], self.settings
            return [f"{self.path}: settings: change what its recipes do not have; {self.fix()}."]
        return []

    @property
    def _recipes(self) -> dict[str, dict[str, Any]]:
        return self.content["recipes"]

    @property
    def domain(self) -> str:
        return str(self.content["domain"])

    @property
    def primaries(self) -> dict[str, str]:
        return {self.domain: self.content["primary"]["score"]}

    @property
    def cells(self) -> int | None:
        """How many runs the budget buys; None where it is a time, and no run was timed yet."""
        return self.content.get("cells")

    @property
    def whole_steps(self) -> int | None:
        """The recipe's steps, where the runs have fewer because the budget is a time; None where they have all."""
        return self.content.get("whole_steps")

    @property
    def turn(self) -> int:
        """So many blocks go together: one per setting."""
        return max(1, len(self.settings))

    @cached_property
    def none(self) -> Arm:
        """The reference."""
        return Arm(NONE, NONE)

    @property
    def candidates(self) -> list[Arm]:
        """All that were found, the first to be tried first."""
        return [Arm(entry["text"], entry["slug"]) for entry in self.content["candidates"]]

    @property
    def tried(self) -> list[Arm]:
        """As many of them as the budget can tell apart."""
        return self.candidates[: capacity(self.cells, self.turn)] if self.cells else []

    @property
    def refused(self) -> list[dict[str, str]]:
        """What cannot be tried, and why: `text`, `family`, `why`."""
        return [{"family": "", **entry} for entry in self.content.get("untried", [])]

    @property
    def cut(self) -> dict[str, list[str]]:
        """Family → what of it was not tried because the budget is too small to tell more candidates apart."""
        found: dict[str, list[str]] = {}
        for entry in self.content["candidates"][len(self.tried) :] if self.cells else ():
            found.setdefault(entry.get("family", ""), []).append(entry["text"])
        return found

    @cached_property
    def settings(self) -> list[Setting]:
        """What `--vary` named; the seeds of their blocks follow from the blocks."""
        return [
            Setting(entry["name"], entry["values"], (), entry.get("changes") or {})
            for entry in self.content.get("settings") or ()
        ]

    def setting_of(self, seed: int) -> Setting | None:
        return self.settings[seed // APART] if seed // APART < len(self.settings) else None

    def seed(self, block: int, *, fresh: bool) -> int:
        """The seed of a block; blocks go through the settings in turn."""
        turn, setting = divmod(block, self.turn)
        return APART * setting + turn + (FRESH_FROM + (self.cells or 0) if fresh else 0)

    def run(self, arm: Arm, seed: int) -> tuple[Cell, dict[str, Any]]:
        """A run with its recipe."""
        base, setting = self._recipes[arm.slug], self.setting_of(seed)
        recipe = setting.recipe(base, self.domain, arm.slug) if setting else base
        return self.cell(self.domain, arm, seed), {**recipe, "seed": seed}

    @property
    def timed(self) -> tuple[Cell, dict[str, Any]]:
        """The run by which a time is turned into runs: `none` on the first block, which the search has anyway."""
        return self.run(self.none, self.seed(0, fresh=False))

    def asked(self, ask: Ask) -> list[list[tuple[Cell, dict[str, Any]]]]:
        """The runs that are asked for: [blocks][1 + arms], the reference first."""
        arms = [self.none, *(self.tried[i] for i in ask.arms)]
        return [[self.run(arm, self.seed(block, fresh=ask.fresh)) for arm in arms] for block in ask.blocks]

    def score(self, cell: Cell) -> float | None:
        """Of a run that has ended: 0 where it diverged, NaN where it failed or was not measured; None before."""
        if cell not in self._scores:
            outcome = Outcome.of(cell)
            if not outcome.ended:
                return None
            self._scores[cell] = math.nan if outcome.final is None else outcome.final
        return self._scores[cell]

    def scores(self, ask: Ask) -> list[list[float]] | None:
        """Those that were asked for, as `Selection.tell` takes them; None where a run has not ended."""
        table: list[list[float]] = []
        for block in self.asked(ask):
            row = [score for cell, _ in block if (score := self.score(cell)) is not None]
            if len(row) < len(block):
                return None
            table.append(row)
        return table

    @property
    def selection(self) -> Selection | None:
        """As far as the runs that are there carry it; None before the budget is known."""
        if not self.cells or not self.tried:
            return None
        found = Selection(self.cells, len(self.tried), self.turn)
        while (ask := found.ask) is not None and (scores := self.scores(ask)) is not None:
            found.tell(scores)
        return found

    @property
    def complete(self) -> bool:
        found = self.selection
        return found is not None and found.ask is None

    def runs(self) -> list[tuple[Cell, dict[str, Any]]]:
        found = self.selection
        return list(self._begun(found)) if found else [self.timed]

    def _begun(self, found: Selection) -> Iterator[tuple[Cell, dict[str, Any]]]:
        asks: Sequence[Ask | None] = [*found.asks, found.ask]
        for ask in asks:
            for block in self.asked(ask) if ask else ():
                yield from block

    @property
    def chosen(self) -> Arm | None:
        """The arm that is tested; None where the search is not over, or nothing was left of it."""
        found = self.selection
        return None if found is None or found.chosen is None else self.tried[found.chosen]

    @property
    def recommended(self) -> Arm | None:
        """The arm to use: the chosen one unless it fell behind, then `none`; None before the test is there."""
        found = self.selection
        if found is None or found.test is None or not found.test.differences:
            return None
        return self.none if found.test.verdict == "none" else self.chosen

    @property
    def recipe(self) -> Path:
        """The recipe of the recommended arm."""
        return self.folder / "choice.yaml"

    @property
    def view(self) -> StudyView:
        seeds = sorted({cell.seed for cell, _ in self.runs()})
        arms = tuple(arm.text for arm in [self.none, *self.candidates])
        return StudyView(self.folder, self.kind, (self.domain,), arms, tuple(seeds))
