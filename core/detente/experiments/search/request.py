"""What a search is asked for, on the command line or in a file, and whether it makes sense."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import prod
from pathlib import Path
from typing import Any

from detente.domains.primary import BETTER, score_among
from detente.errors import UsageError, did_you_mean
from detente.experiments.planning import MOST_RUNS, seed_numbers
from detente.experiments.search.loop import WAVE
from detente.experiments.search.samplers import Sampler
from detente.experiments.search.space import Range
from detente.recipe.document import read
from detente.recipe.resolved import Resolved
from detente.recipe.values import plain_value
from detente.results.schemas import MOST_SEEDS, MOST_TRIALS
from detente.results.scores import Measure, Scaled, StepsUntil

_THRESHOLD = re.compile(r"(.+?)\s*([<>])\s*(.+)")


@dataclass(frozen=True)
class Wish:
    """What is asked for, on the command line or in a tune.yaml; the attributes are the keys of such a file.

    Attributes:
        domain: may be left to the recipe.
        reg: chains in the language of `--reg`, which make one together; without any, those of the recipe.
        search: `NAME=RANGE` each.
        sampler: `grid`, `random` or `tpe`; `sampler_seed` is that of its draws.
        trials: how many settings are tried.
        seeds: of each trial: how many, from 0, or which.
        fresh: how many seeds the winner is run on again; of each setting where `vary` has several.
        vary: `KEY=A,B,C` each, as in `compare`: the settings at which the winner is compared.
        wave: how many trials are asked for together.
        metric: a score, as in `train`, or `score<value` or `score>value`: how soon it passes that.
        storage: URL of a database for Optuna; by default a journal file in the search's folder.
        recipe, data, model, objective, set, steps, batch, device, precision, allow, log: as in `train`.
    """

    domain: str | None = None
    reg: list[str] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    sampler: str = "tpe"
    sampler_seed: int = 0
    trials: int = 20
    seeds: int | list[int] = 3
    fresh: int = 6
    vary: list[str] = field(default_factory=list)
    wave: int = WAVE
    metric: str | None = None
    storage: str | None = None
    recipe: Path | None = None
    data: str | dict[str, Any] | None = None
    model: str | None = None
    objective: str | None = None
    set: list[str] = field(default_factory=list)
    steps: int | None = None
    batch: int | None = None
    device: str | None = None
    precision: str | None = None
    allow: list[str] | None = None
    log: list[str] | None = None

    @classmethod
    def of(cls, file: Path | None, given: Mapping[str, Any]) -> "Wish":
        """What a file says, and over it what was given otherwise; None and empty lists stand for what was not.

        Raises:
            UsageError: the file cannot be read, or has a key or a type of value that it should not have.
        """
        found: dict[str, Any] = {}
        for key, value in (read(file) if file else {}).items():
            known = {f.name: f.type for f in fields(cls)}
            if key not in known:
                hint = did_you_mean(key, known) or f" Available: {', '.join(known)}."
                raise UsageError(f"{file}: {key}: unknown key.{hint}")
            if key == "search" and isinstance(value, dict):
                value = [f"{name}={text}" for name, text in value.items()]
            if key in ("reg", "search", "set", "allow", "log", "vary") and isinstance(value, str):
                value = [value]
            found[key] = _checked(f"{file}: {key}", known[key], value)
        if file and isinstance(found.get("recipe"), Path):
            found["recipe"] = file.parent / found["recipe"]
        return replace(cls(**found), **{k: v for k, v in given.items() if v is not None and v != []})

    @property
    def flags(self) -> dict[str, Any]:
        """As `detente.recipe.load` takes them."""
        names = ("data", "model", "objective", "steps", "batch", "device", "precision", "allow", "log")
        score = None if _THRESHOLD.fullmatch((self.metric or "").strip()) else self.metric
        return {**{name: getattr(self, name) for name in names}, "metric": score}


def _checked(where: str, annotation: Any, value: Any) -> Any:
    from detente.recipe import options

    try:
        return options.read(annotation, value)[0]
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error


def seeds_of(wish: Wish) -> list[int]:
    """The seeds of a trial, once what is counted is sensible.

    Raises:
        UsageError: it is not.
    """
    for name, value, low, high in (
        ("trials", wish.trials, 1, MOST_TRIALS),
        ("fresh", wish.fresh, 2, MOST_SEEDS),
        ("wave", wish.wave, 1, MOST_TRIALS),
    ):
        if not low <= value <= high:
            raise UsageError(f"--{name} {value}: should be from {low} to {high}.")
    if wish.sampler_seed < 0:
        raise UsageError(f"--sampler-seed {wish.sampler_seed}: is negative; seeds are integers from 0.")
    # How many seeds is looked at before a list of them is made.
    count = wish.seeds if isinstance(wish.seeds, int) else len(wish.seeds)
    if not 1 <= count <= MOST_SEEDS:
        raise UsageError(
            f"--seeds {count}: should be from 1 to {MOST_SEEDS}; use --fresh for more seeds in the final comparison."
        )
    seeds = seed_numbers(wish.seeds)
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise UsageError(f"--seeds: {twice[0]} is given twice; remove one.")
    return seeds


def check_size(wish: Wish, searched: Sequence[Range], seeds: Sequence[int], chosen: Sampler) -> None:
    """Whether so many trials and runs make sense.

    Raises:
        UsageError: they do not.
    """
    settings = prod(one.size for one in searched)
    if wish.trials > settings:
        raise UsageError(
            f"--trials {wish.trials}: these ranges hold {int(settings)} different settings; "
            "use at most that many trials."
        )
    if chosen.trials * len(seeds) > MOST_RUNS:
        raise UsageError(
            f"--trials {wish.trials} with {len(seeds)} seeds each are {chosen.trials * len(seeds)} runs, more than the "
            f"maximum of a search ({MOST_RUNS}); use fewer trials or seeds."
        )


def measure_of(wish: Wish, resolved: Resolved) -> Measure:
    """What a run is worth: its primary score, or how soon it passes the threshold of `--metric`.

    Raises:
        UsageError: these recipes have no such score, or it has no better end.
    """
    passed = _THRESHOLD.fullmatch((wish.metric or "").strip())
    if not passed:
        return Scaled(resolved.primary())
    name, sign, threshold = passed.groups()
    try:
        name, _ = score_among(name, dict(zip(resolved.recipe.metrics or (), resolved.metrics(), strict=True)))
    except UsageError as error:
        raise UsageError(f"--metric: {error}") from error
    value = plain_value(threshold, "--metric")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"--metric: {wish.metric!r}: {threshold!r} is not a number; write it as in {name}{sign}0.1.")
    direction = "lower" if sign == BETTER["lower"].sign else "higher"
    return StepsUntil(name, direction, float(value), resolved.recipe.steps)
