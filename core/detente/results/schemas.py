"""The schemas of what an experiment's folder holds: study.yaml, tuning.yaml, trials.json, selection.yaml.

What is not required may be missing in a report, which shows the rest; `needs` of a manifest has what going on takes.
"""

import math
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field

from detente.files.records import Count, FolderName, Record
from detente.recipe.schema import Component, Positive
from detente.results.settings import APART
from detente.training.run_record import FoundBefore, IdentitiesRecord

MOST_TRIALS, MOST_SEEDS = 1000, 50
"""Of a search."""

Direction = Literal["higher", "lower", "neither"]


def _once(values: list[Any]) -> list[Any]:
    twice = next((value for i, value in enumerate(values) if value in values[:i]), None)
    if twice is not None:
        raise ValueError(f"has {twice} twice")
    return values


def _range(text: str) -> str:
    kind, _, ends = text.partition(":")
    if kind != "choice":
        try:
            low, high = (float(end) for end in ends.split(".."))
        except ValueError:
            low = high = math.nan
        if kind not in ("log", "lin") or not -math.inf < low < high < math.inf or (kind == "log" and low <= 0):
            raise ValueError("should be log:LOW..HIGH, lin:LOW..HIGH or choice:A,B")
    return text


Seeds = Annotated[list[Count], Field(min_length=1), AfterValidator(_once)]
TrialSeeds = Annotated[list[Count], Field(min_length=1, max_length=MOST_SEEDS), AfterValidator(_once)]


class _Player(Record):
    optimizer: Component | None = None
    regularizers: dict[str, dict[str, Any]] = {}


class _Recipe(Record):
    """What reports read of a recipe; before training goes on, it is held against all of `Recipe`."""

    steps: Positive
    batch: Positive = 1
    critic_steps: Positive = 1
    data: Component | None = None
    model: Component | None = None
    objective: Component | None = None
    generator: _Player = _Player()
    discriminator: _Player = _Player()


class _Primary(Record):
    score: str
    direction: Direction
    log: bool
    protocol: str = ""


class ManifestRecord(Record):
    """What every manifest begins with."""

    format: Literal[1]
    created: str = ""
    commands: list[list[str]] = []
    versions: list[dict[str, str]] = []
    identities: dict[str, IdentitiesRecord] = {}


class _Setting(Record):
    name: str
    values: Annotated[dict[str, str], Field(min_length=1)]
    seeds: Seeds
    changes: dict[str, dict[str, dict[str, Any]]] = {}


def _apart(settings: list[_Setting]) -> list[_Setting]:
    _once([setting.name for setting in settings])
    _once([seed for setting in settings for seed in setting.seeds])
    if len({tuple(setting.values) for setting in settings}) > 1:
        raise ValueError("has settings of other keys than the first")
    return settings


Settings = Annotated[list[_Setting], AfterValidator(_apart)]
"""Of `--vary`: no two share a seed."""


class _Found(FoundBefore):
    domain: str
    arm: str


class _Arm(Record):
    text: str
    slug: FolderName


A = TypeVar("A", bound=_Arm)


class _Domain(Record):
    primary: _Primary


def _distinct(arms: list[A]) -> list[A]:
    for of in ("slug", "text"):
        _once([getattr(arm, of) for arm in arms])
    return arms


class StudyRecord(ManifestRecord):
    """study.yaml."""

    seeds: Seeds
    arms: Annotated[list[_Arm], Field(min_length=1), AfterValidator(_distinct)]
    against: str | None = None
    settings: Settings = []
    domains: Annotated[dict[FolderName, _Domain], Field(min_length=1)]
    recipes: dict[str, dict[str, _Recipe]] = {}
    findings: list[_Found] = []


class _Searched(Record):
    label: str
    key: str
    range: Annotated[str, AfterValidator(_range)]


class _Metric(Record):
    score: str
    direction: Direction
    log: bool = False


class _Until(_Metric):
    threshold: float
    steps: Positive


class _Recipes(Record):
    default: _Recipe
    none: _Recipe


class TuningRecord(ManifestRecord):
    """tuning.yaml."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    domain: FolderName
    reg: str = "?"
    search: Annotated[list[_Searched], Field(min_length=1)]
    sampler: str = "an unknown sampler"
    sampler_seed: Count | None = None
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] | None = None
    wave: Annotated[int, Field(ge=1, le=MOST_TRIALS)] | None = None
    seeds: TrialSeeds
    fresh: Seeds
    settings: Settings = []
    metric: _Until | _Metric
    primary: _Primary
    storage: str | None = None
    recipes: _Recipes
    findings: list[FoundBefore] = []


class _Trial(Record):
    number: Annotated[int, Field(ge=0, lt=MOST_TRIALS)]
    params: dict[str, Any]
    status: Literal["running", "complete", "pruned", "failed"]
    scores: dict[Annotated[str, Field(pattern="^[0-9]{1,19}$")], Annotated[float, Field(ge=0, le=1)]]


class _Rival(_Arm):
    roles: Annotated[list[Literal["winner", "default", "none"]], Field(min_length=1)]
    recipe: _Recipe
    changes: dict[str, dict[str, Any]] = {}


class TrialsRecord(Record):
    """trials.json."""

    trials: list[_Trial] = []
    rivals: Annotated[list[_Rival], AfterValidator(_distinct)] = []
    importance: dict[str, Annotated[float, Field(ge=0)]] = {}


class _Candidate(_Arm):
    family: str = ""


class _Untried(Record):
    text: str
    family: str = ""
    why: str


class _Timed(Record):
    seconds: Annotated[float, Field(gt=0)]
    at_once: Positive


class _Varied(Record):
    name: str
    values: Annotated[dict[str, str], Field(min_length=1)]
    changes: dict[str, dict[str, dict[str, Any]]] = {}


class SelectionRecord(ManifestRecord):
    """selection.yaml."""

    domain: FolderName
    asked: list[str] = []
    also: list[str] = []
    budget: Annotated[float, Field(gt=0)] | None = None
    cells: Annotated[int, Field(ge=1, lt=APART)] | None = None
    timed: _Timed | None = None
    whole_steps: Annotated[int, Field(ge=1)] | None = None
    settings: list[_Varied] = []
    primary: _Primary
    candidates: Annotated[list[_Candidate], Field(min_length=1), AfterValidator(_distinct)]
    untried: list[_Untried] = []
    recipes: dict[str, _Recipe]
    findings: list[_Found] = []
