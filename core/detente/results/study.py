"""A study on disk: domains × arms × seeds, all of them named in study.yaml."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from detente.errors import UsageError
from detente.hookspecs import StudyView
from detente.results.cells import NONE, Arm, Cell
from detente.results.contradictions import renamed
from detente.results.manifest import MOST, Manifest
from detente.results.schemas import StudyRecord

STUDY_FORMAT = 1
_BUDGET = {"steps": "steps", "batch": "samples per batch", "critic_steps": "critic update(s) per step"}


class Study(Manifest):
    """What a study.yaml says."""

    file, kind, verb, format, schema = "study.yaml", "study", "compare", STUDY_FORMAT, StudyRecord
    writes = (*Manifest.writes, "statistics.json")

    def problems(self, damaged: bool) -> list[str]:
        keys = [(d, arm.slug) for d in self.domains for arm in self.arms if arm not in self.recipes(d)]
        missing = [f"{self.path}: recipes.{domain}.{slug}: is missing; {self.fix()}." for domain, slug in keys]
        said = self.content.get("against")
        if said is not None and said not in (texts := [arm.text for arm in self.arms]):
            missing.append(f"{self.path}: against: {said!r} is not among the arms {', '.join(texts)}; {self.fix()}.")
        missing += renamed(self.path, "arms", self.content["arms"], self.fix())
        missing += [*self._unset(), *self.elsewhere(self.content.get("recipes", {}))]
        missing += [] if damaged else self.unsaid(self.content.get("recipes", {}))
        if missing and not damaged:
            raise UsageError("\n".join(missing[:MOST]))
        return missing

    def _unset(self) -> list[str]:
        """What is wrong with the settings, which then hold for nothing."""
        if not self.settings:
            return []
        said: list[str] = []
        if sorted(seed for one in self.settings for seed in one.seeds) != self.seeds:
            said.append(f"{self.path}: seeds: are not those of its settings; {self.fix()}.")
        try:
            for domain in self.domains:
                for arm, base in self.recipes(domain).items():
                    for one in self.settings:
                        one.recipe(base, domain, arm.slug)
        except (KeyError, TypeError):
            said.append(f"{self.path}: settings: change what its recipes do not have; {self.fix()}.")
        if said:
            del self.content["settings"], self.settings
        return said

    def runs(self) -> list[tuple[Cell, dict[str, Any]]]:
        recipes = {domain: self.recipes(domain) for domain in self.domains}  # of a damaged file some may be missing
        return [(cell, self.recipe(cell)) for cell in self.cells if cell.arm in recipes[cell.domain]]

    @property
    def primaries(self) -> dict[str, str]:
        return {domain: self.primary(domain)["score"] for domain in self.domains}

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
        return [self.cell(domain, arm, seed) for domain in self.domains for arm in self.arms for seed in self.seeds]

    @property
    def view(self) -> StudyView:
        arms = tuple(arm.text for arm in self.arms)
        return StudyView(self.folder, self.kind, tuple(self.domains), arms, tuple(self.seeds))

    @cached_property
    def against(self) -> Arm:
        """The reference: the arm that all others are compared with."""
        said = self.content.get("against")
        text = reference([arm.text for arm in self.arms], said)
        return next(arm for arm in self.arms if arm.text == text)

    @property
    def others(self) -> list[Arm]:
        """All arms but the reference."""
        return [arm for arm in self.arms if arm != self.against]

    def primary(self, domain: str) -> dict[str, Any]:
        """The score that carries a domain: `score`, `direction`, `log`, `protocol`."""
        found = self.content["domains"][domain]["primary"]
        return {"direction": "lower", "log": False, "protocol": ""} | {
            key: found[key] for key in ("score", "direction", "log", "protocol") if key in found
        }

    def budget(self, domain: str) -> str:
        """What every arm of a domain gets, in words."""
        recipes = self.recipes(domain)
        parts: list[str] = []
        for key, what in _BUDGET.items():
            own = [self._at_settings(domain, arm, key) for arm, recipe in recipes.items() if key in recipe]
            if values := list(dict.fromkeys(value for each in own for value in each)):
                same = all(each == own[0] for each in own)
                why = "" if len(values) == 1 else " (varied)" if same else " (not the same for all arms)"
                parts.append(f"{' or '.join(values)} {what}{why}")
        if any(averaged := [recipe.get("evaluate") == "ema" for recipe in recipes.values()]):
            parts.append(f"scores of the generators' moving averages{'' if all(averaged) else ' (not of all arms)'}")
        return ", ".join([*parts, self.counted])

    def _at_settings(self, domain: str, arm: Arm, key: str) -> list[str]:
        """What an arm's recipe has at a key of its top, setting by setting."""
        base = self.recipes(domain)[arm]
        varied = [one.recipe(base, domain, arm.slug) for one in self.settings]
        return [str(recipe.get(key)) for recipe in varied or [base]]

    @property
    def pair_word(self) -> str:
        """What runs are paired by, for a sentence: seeds, and where settings are varied blocks of setting and seed."""
        return "block" if self.settings else "seed"

    @property
    def counted(self) -> str:
        """How many seeds there are, and at how many settings."""
        seeds, settings = len(self.seeds), self.settings
        if not settings:
            return f"{seeds} seed{'s' if seeds > 1 else ''}"
        each = sorted({len(one.seeds) for one in settings})
        many = f"{len(settings)} setting{'s' if len(settings) > 1 else ''}"
        return f"{seeds} blocks ({many} × {' or '.join(map(str, each))} seed{'s' if each[-1] > 1 else ''})"

    def recipes(self, domain: str) -> dict[Arm, dict[str, Any]]:
        """The recipes of a domain's arms, without a seed, as far as there are any."""
        found = self.content.get("recipes", {}).get(domain, {})
        return {arm: found[arm.slug] for arm in self.arms if arm.slug in found}

    def recipe(self, cell: Cell) -> dict[str, Any]:
        """The resolved recipe of a cell as plain data."""
        base = self.content["recipes"][cell.domain][cell.arm.slug]
        setting = self.setting_of(cell.seed)
        return {**(setting.recipe(base, cell.domain, cell.arm.slug) if setting else base), "seed": cell.seed}


def reference(arms: Sequence[str], said: str | None = None) -> str:
    """Which arm others are compared with: what was said, else `none` where it is among them, else the first."""
    if said is not None and said in arms:
        return said
    return next((text for text in arms if text.strip() == NONE), arms[0])
