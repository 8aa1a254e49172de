"""What a call of `tune` would do: everything is read and checked here, and nothing written."""

import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from detente.checks import refuse
from detente.domains.primary import Primary, current_name
from detente.errors import DetenteError, UsageError, did_you_mean
from detente.experiments.planning import LOCK, note_versions, refuse_changes, seed_numbers
from detente.experiments.search.loop import WAVE
from detente.experiments.search.reading import ranges
from detente.experiments.search.samplers import Sampler, sampler
from detente.experiments.search.space import Range
from detente.plugins import Host
from detente.recipe import Recipe, load
from detente.recipe.components import load_component
from detente.recipe.document import parse, read
from detente.recipe.keys import flat, put
from detente.recipe.overlay import SIDES
from detente.results.scores import Measure, Scaled, StepsUntil
from detente.results.search import FORMAT, Tuning
from detente.training.build import build

FRESH_FROM = 1000
"""The first fresh seed, unless the search uses seeds as high."""
MOST_TRIALS, MOST_SEEDS, MOST_RUNS = 1000, 50, 10_000
_PASSWORD = re.compile(r"(://[^:/@\s]+):[^@\s]+@")


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
        fresh: how many seeds the winner is run on again.
        wave: how many trials are asked for together.
        metric: a score, `score<value` or `score>value`; the domain's primary one unless said.
        storage: URL of a database for Optuna; a journal file in the search's folder unless said.
        recipe, set, steps, batch, device, precision, allow: as in `train`.
    """

    domain: str | None = None
    reg: list[str] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    sampler: str = "tpe"
    sampler_seed: int = 0
    trials: int = 20
    seeds: int | list[int] = 3
    fresh: int = 6
    wave: int = WAVE
    metric: str | None = None
    storage: str | None = None
    recipe: Path | None = None
    set: list[str] = field(default_factory=list)
    steps: int | None = None
    batch: int | None = None
    device: str | None = None
    precision: str | None = None
    allow: list[str] | None = None

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
                hint = did_you_mean(key, known) or f" There are: {', '.join(known)}."
                raise UsageError(f"{file}: {key}: unknown key.{hint}")
            if key == "search" and isinstance(value, dict):
                value = [f"{name}={text}" for name, text in value.items()]
            if key in ("reg", "search", "set", "allow") and isinstance(value, str):
                value = [value]
            found[key] = _checked(f"{file}: {key}", known[key], value)
        if file and isinstance(found.get("recipe"), Path):
            found["recipe"] = file.parent / found["recipe"]
        return replace(cls(**found), **{k: v for k, v in given.items() if v is not None and v != []})

    @property
    def flags(self) -> dict[str, Any]:
        """As `detente.recipe.load` takes them."""
        return {name: getattr(self, name) for name in ("steps", "batch", "device", "precision", "allow")}


def plan(wish: Wish, *, out: Path, host: Host) -> tuple[Tuning, Sampler, list[str]]:
    """The search that a folder would hold, what chooses its settings, and what a person should know about it.

    Raises:
        UsageError: something in the call is wrong or refused, or the folder holds another search.
        PluginError: a plugin is missing or broken.
    """
    old = _old(out)
    seeds = _check_numbers(wish)
    default = load(wish.recipe, wish.domain, wish.set, wish.reg, wish.flags, host).plain()
    del default["seed"]
    searched = ranges(wish.search, default, host)
    chosen = sampler(wish.sampler, searched, wish.trials, wish.sampler_seed)
    _check_size(wish, searched, seeds, chosen)
    measure = _measure(wish.metric, default, host)
    primary = host.load("domain", default["domain"])().primary
    none = {**default, **{side: {**default[side], "regularizers": {}} for side in SIDES}}
    start = max(FRESH_FROM, max(seeds) + 1)
    content = {
        "format": FORMAT,
        "created": old.content["created"] if old else time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "name": old.content["name"] if old else f"detente-{uuid.uuid4().hex[:12]}",
        "commands": list(old.content["commands"]) if old else [],
        "versions": list(old.content["versions"]) if old else [],
        "domain": default["domain"],
        "reg": "+".join(wish.reg)
        or "+".join(name for side in SIDES for name in default[side]["regularizers"])
        or "none",
        "search": [{"label": one.label, "key": one.key, "range": one.text} for one in searched],
        "sampler": wish.sampler,
        "sampler_seed": wish.sampler_seed,
        "trials": wish.trials,
        "wave": wish.wave,
        "seeds": seeds,
        "fresh": list(range(start, start + wish.fresh)),
        "metric": measure.plain(),
        "primary": {
            "score": primary.score,
            "direction": primary.direction,
            "log": primary.log,
            "protocol": primary.protocol,
        },
        "storage": masked(wish.storage) if wish.storage else None,
        "recipes": {"default": default, "none": none},
    }
    if old:
        _check_same(old, content)
    tuning = Tuning(out, content)
    if old:
        tuning.trials, tuning.rivals, tuning.importance = old.trials, old.rivals, old.importance
    notes = note_versions(tuning, host)
    if chosen.trials < wish.trials:
        notes.append(f"The grid has {chosen.trials} points; of the {wish.trials} trials the rest is not needed.")
    if len(seeds) == 1:
        notes.append("With one seed per trial the search cannot tell a better setting from a luckier run.")
    return tuning, chosen, notes


def reopened(folder: Path, host: Host) -> tuple[Tuning, Sampler, list[str]]:
    """The search in a folder as it stands there, as `plan` returns it.

    Raises:
        UsageError: there is none, or what it searches is no longer accepted.
    """
    tuning = Tuning.open(folder)
    content = tuning.content
    if "***" in (content["storage"] or ""):
        raise UsageError(
            f"{folder}: the password of its storage is not kept; give the command of the search again to go on with it."
        )
    texts = [f"{entry['label']}={entry['range']}" for entry in content["search"]]
    searched = ranges(texts, content["recipes"]["default"], host)
    return (
        tuning,
        sampler(content["sampler"], searched, content["trials"], content["sampler_seed"]),
        note_versions(tuning, host),
    )


def findings(tuning: Tuning, searched: Sequence[Range], host: Host) -> list[dict[str, Any]]:
    """What should be known about the networks of the default setting, after a look at every end of every range.

    Raises:
        UsageError: a setting is ill-posed and not allowed; a line for each.
    """
    default = tuning.content["recipes"]["default"]
    looked: list[tuple[str, dict[str, Any]]] = [(f"{tuning.chain}, default", default)]
    looked += [("none", tuning.content["recipes"]["none"])] if tuning.content["recipes"]["none"] != default else []
    looked += [(f"{one.label}={end}", put(default, {one.key: end})) for one in searched for end in one.ends]
    found: list[dict[str, Any]] = []
    problems: list[str] = []
    for i, (text, plain) in enumerate(looked):
        recipe = Recipe.model_validate({**plain, "seed": tuning.seeds[0]})
        try:
            built = build(recipe, host, dry=True)
            refuse(built.findings if built.domain.refuses else (), recipe.allow)
        except DetenteError as error:
            problems += [f"{tuning.domain}, {text}: {line}" for line in str(error).splitlines()]
            continue
        if i == 0:
            found = [{"domain": tuning.domain, "arm": text, **f.plain()} for f in built.findings]
    if problems:
        raise UsageError("\n".join(problems))
    return found


def masked(text: str) -> str:
    """A command or a URL without the password in it."""
    return _PASSWORD.sub(r"\g<1>:***@", text)


def _checked(where: str, annotation: Any, value: Any) -> Any:
    from detente.recipe import options

    try:
        return options.read(annotation, value)[0]
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error


def _check_numbers(wish: Wish) -> list[int]:
    """The seeds of a trial, once what is counted is sensible."""
    for name, low, high in (("trials", 1, MOST_TRIALS), ("fresh", 2, MOST_SEEDS), ("wave", 1, MOST_TRIALS)):
        value = getattr(wish, name)
        if not low <= value <= high:
            raise UsageError(f"--{name} {value}: should be from {low} to {high}.")
    if wish.sampler_seed < 0:
        raise UsageError(f"--sampler-seed {wish.sampler_seed}: is negative; seeds are whole numbers from 0.")
    # How many seeds is looked at before a list of them is made.
    count = wish.seeds if isinstance(wish.seeds, int) else len(wish.seeds)
    if not 1 <= count <= MOST_SEEDS:
        raise UsageError(
            f"--seeds {count}: should be from 1 to {MOST_SEEDS}; what a search needs of certainty it gets from the "
            "fresh seeds afterwards (--fresh)."
        )
    seeds = seed_numbers(wish.seeds)
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise UsageError(f"--seeds: {twice[0]} is there twice; the same run again would tell nothing new.")
    return seeds


def _check_size(wish: Wish, searched: Sequence[Range], seeds: Sequence[int], chosen: Sampler) -> None:
    from math import prod

    settings = prod(one.size for one in searched)
    if wish.trials > settings:
        raise UsageError(
            f"--trials {wish.trials}: these ranges hold {int(settings)} different settings; give at most as many."
        )
    if chosen.trials * len(seeds) > MOST_RUNS:
        raise UsageError(
            f"--trials {wish.trials} with {len(seeds)} seeds each are {chosen.trials * len(seeds)} runs, more than a "
            f"search may have ({MOST_RUNS}); give fewer of either."
        )


def _measure(text: str | None, recipe: Mapping[str, Any], host: Host) -> Measure:
    domain = recipe["domain"]
    primary: Primary = host.load("domain", domain)().primary
    scores: dict[str, str] = {}
    metrics = [load_component(host, "metric", name, domain) for name in recipe["metrics"]]
    for metric in metrics:
        scores.update(metric.scores)
    name, sign, threshold = ((text or primary.score).strip(), "", "")
    if match := re.fullmatch(r"(.+?)\s*([<>])\s*(.+)", name):
        name, sign, threshold = match.groups()
    name = current_name(name, [metric.renamed for metric in metrics])
    if name not in scores:
        hint = did_you_mean(name, scores) or f" There are: {', '.join(sorted(scores))}."
        raise UsageError(f"--metric: there is no score {name!r} in these recipes.{hint}")
    if sign:
        value = parse(threshold, "--metric")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"--metric: {text!r}: {threshold!r} is no number; write it as in {name}{sign}0.1.")
        return StepsUntil(name, "lower" if sign == "<" else "higher", float(value), recipe["steps"])
    direction = primary.direction if name == primary.score else scores[name]
    if direction == "neither":
        raise UsageError(f"--metric {name}: has no better end; choose another score, or a threshold such as {name}<1.")
    return Scaled(Primary(name, direction, primary.log if name == primary.score else False))  # type: ignore[arg-type]


def _old(out: Path) -> Tuning | None:
    """The search that is in a folder already."""
    if (out / "tuning.yaml").exists():
        return Tuning.open(out)
    if out.exists() and (not out.is_dir() or any(path.name != LOCK for path in out.iterdir())):
        raise UsageError(f"{out}: holds something else than a search; choose a new folder with --out.")
    return None


def _check_same(old: Tuning, content: Mapping[str, Any]) -> None:
    """What a search began with stays; there may be more trials where the earlier ones do not depend on how many."""
    free = {"created", "commands", "versions", "findings", "trials"}
    before, now = (flat({k: v for k, v in c.items() if k not in free}) for c in (old.content, content))
    changes = [
        f"{old.path}: {key} is {before.get(key)!r} in the search and {now.get(key)!r} in this call."
        for key in [key for key in {**before, **now} if before.get(key) != now.get(key)]
    ]
    had, wanted = old.content["trials"], content["trials"]
    if wanted != had and (content["sampler"] != "random" or wanted < had):
        changes.append(
            f"{old.path}: trials is {had} in the search and {wanted} in this call; only a random search can "
            "be made larger."
        )
    refuse_changes(changes, "search")
