"""The fields of a recipe. Types and ranges are checked here; names and options of components in the resolver."""

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detente.errors import UsageError
from detente.files.records import said
from detente.recipe.document import dump

RECIPE_FORMAT = 1

Positive = Annotated[int, Field(ge=1, lt=2**63)]


class Component(BaseModel):
    """Something that a plugin declares: its name, and its options beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @property
    def options(self) -> dict[str, Any]:
        """What stands beside the name."""
        return dict(self.model_extra or {})


class PlayerConfig(BaseModel):
    """One player: its optimizer, and its regularizers in order by instance name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    optimizer: Component = Component(name="adam")
    regularizers: dict[str, dict[str, Any]] = {}


class Recipe(BaseModel):
    """A training run. Counts of steps are updates of the generator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = RECIPE_FORMAT
    domain: str
    data: Component
    model: Component
    objective: Component = Component(name="non-saturating")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    steps: Positive = 2000
    batch: Positive = 64
    critic_steps: Positive = 1
    generator_first: bool = False
    simultaneous: bool = False
    fresh_fakes: bool = False
    precision: Literal["fp32", "bf16", "fp64"] = "fp32"
    channels_last: bool = False
    """Whether pictures and 2-D convolutions keep their channels last in memory."""
    compile: Literal["generator", "discriminator", "both"] | None = None
    """The networks that `torch.compile` compiles."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]+)?)$")] = "auto"
    log_every: Positive = 10
    evaluate_every: Positive = 500
    checkpoint_every: Positive = 500
    samples: Positive | None = None
    """Samples per evaluation; a loaded recipe has the domain's number where none was given."""
    metrics: list[str] | None = None
    """Names of metrics; a loaded recipe has the domain's where none were given."""
    metric: str | None = None
    """The score that carries comparisons and is scaled, where it is not that of the domain: another was chosen, or
    the model has its own."""
    evaluate: Literal["ema"] | None = None
    """`ema` evaluates a moving average of the generator's weights, which is kept beside training and changes nothing of
    it; otherwise the generator is evaluated as it is trained."""
    allow: list[str] = []
    """Codes of findings that would refuse this combination; see `detente.checks`."""
    log: list[str] = []
    """Names of loggers that observe the run besides metrics.jsonl; see `detente.training.loggers`."""
    generator: PlayerConfig = PlayerConfig()
    discriminator: PlayerConfig = PlayerConfig()

    def player(self, role: str) -> PlayerConfig:
        """What stands under "generator" or "discriminator"."""
        return {"generator": self.generator, "discriminator": self.discriminator}[role]

    def updates(self, role: str) -> int:
        """How often a player's weights change in the whole run."""
        return self.steps * (self.critic_steps if role == "discriminator" else 1)

    def to_yaml(self) -> str:
        """The recipe as text; loading it gives an equal recipe, and that the same text."""
        return dump(self.plain())

    def plain(self) -> dict[str, Any]:
        """The recipe as plain data, in the order of its fields; without those of `_LATER` that say nothing."""
        return self.model_dump(mode="python", exclude={key for key in _LATER if not getattr(self, key)})


_LATER = ("log", "metric", "channels_last", "compile", "evaluate")
"""Keys that there were not from the beginning: recipes from then keep their text and their fingerprints."""


def is_complete(data: Mapping[str, Any]) -> bool:
    """Whether data are a whole recipe, as `Recipe.plain` gives it: nothing is to be added to what it says."""
    return data.keys() >= Recipe.model_fields.keys() - set(_LATER)


def recipe_of(data: Mapping[str, Any], source: str) -> Recipe:
    """The recipe that plain data of ours stand for.

    Args:
        source: where the data stand.

    Raises:
        UsageError: they are none; a sentence for each thing that is wrong.
    """
    try:
        return Recipe.model_validate(data, strict=True)
    except ValidationError as error:
        raise UsageError("\n".join(f"{said(source, one)}." for one in error.errors(include_url=False))) from error


def fingerprint(recipe: Recipe, without: Iterable[str] = ()) -> str:
    """A hash of what a recipe says: equal for equal recipes, also tomorrow and on another machine.

    Args:
        recipe: the recipe.
        without: dotted keys to leave out, such as `discriminator.regularizers` to find the partner of an arm.
    """
    data = recipe.plain()
    for key in without:
        *above, last = key.split(".")
        node: Any = data
        for part in above:
            node = node.get(part, {})
        node.pop(last, None)
    return blake2b(json.dumps(data, separators=(",", ":")).encode(), digest_size=8).hexdigest()
