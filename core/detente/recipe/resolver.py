"""Checks a recipe against what is installed and fills in every default; finds all that is wrong at once."""

import copy
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from annotated_types import Ge
from pydantic import BaseModel, ValidationError

from detente.domains.contracts import Domain
from detente.engine.chain import check_order
from detente.engine.schedule import Scheduled
from detente.errors import DetenteError, PluginError, UsageError, did_you_mean
from detente.plugins import Host
from detente.plugins.registry import Kind
from detente.recipe.components import Link, Part, RegularizerPart, load_component
from detente.recipe.document import Key
from detente.recipe.optimizers import try_out
from detente.recipe.options import Checked, check, lower, read, sentence, shorten
from detente.recipe.overlay import COMPONENTS, ROLES, Overlay
from detente.recipe.resolved import Resolved, brought, metrics_of
from detente.recipe.schema import PlayerConfig, Recipe

_LEVELS: Mapping[Key, type[BaseModel]] = {(): Recipe, ("generator",): PlayerConfig, ("discriminator",): PlayerConfig}
_INSTANCE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_TYPES = {"int": "an integer", "float": "a number", "bool": "true or false", "string": "text", "list": "a list"}


class Resolver:
    """Turns layers into a resolved recipe.

    Args:
        overlay: the layers.
        host: where names are looked up.
        source: whom to name for what is missing.
    """

    def __init__(self, overlay: Overlay, host: Host, source: str) -> None:
        self.overlay, self.host, self.source = overlay, host, source
        self.values: dict[str, Any] = copy.deepcopy(overlay.values)
        self.parts: dict[Key, Part] = {}
        self.problems: list[tuple[Key, str, DetenteError | None]] = []

    def resolved(self) -> Resolved:
        """The recipe with all defaults in it, and what makes each of its components.

        No regularizer is made for it: what a constructor alone can refuse, it refuses when the recipe is built.

        Raises:
            UsageError: something is wrong; a line for each thing that is.
            PluginError: the same, and a plugin is among what is wrong.
        """
        domain = self._domain()
        self._only_choices(domain)
        self._shape(domain is not None)
        objective = self._component("objective", ("objective",), None)
        if domain is not None:
            self._component("model", ("model",), domain.name)
            self._component("data", ("data",), domain.name)
            self._metrics(domain)
            self._metric()
        self._loggers()
        for side in ROLES:
            self._optimizer(side)
            self._regularizers(side, objective)
        if self.values.get("simultaneous") is True and self.values.get("critic_steps", 1) != 1:
            self._problem(
                ("critic_steps",), "must be 1 if simultaneous is true, because both players are updated at once."
            )
        self._raise()
        keys = [*self.parts, *((side, "regularizers") for side in ROLES), ("device",), ("metric",)]
        return Resolved(Recipe.model_validate(self.values), self.parts, self.overlay.sources(keys, self.source))

    def _problem(self, key: Key, text: str, cause: DetenteError | None = None) -> None:
        self.problems.append((key, text, cause))

    def _raise(self) -> None:
        if not self.problems:
            return
        lines = [f"{self.overlay.place(key, self.source)}: {text}" for key, text, _ in self.problems]
        causes = [cause for *_, cause in self.problems if cause is not None]
        plugin = any(isinstance(cause, PluginError) for cause in causes)
        raise (PluginError if plugin else UsageError)("\n".join(dict.fromkeys(lines))) from next(iter(causes), None)

    def _load(self, kind: Kind, key: Key, name: str, domain: str | None = None) -> Any:
        try:
            return load_component(self.host, kind, name, domain)
        except DetenteError as error:
            self._problem(key, str(error), error)
            return None

    def _domain(self) -> Domain | None:
        name = self.values.get("domain")
        found = self._load("domain", ("domain",), name) if isinstance(name, str) else None
        if found is None:
            return None
        self.parts["domain",] = Part(found, Checked())
        return self.parts["domain",].make()

    def _only_choices(self, domain: Domain | None) -> None:
        """Where a domain has one data set or model, it need not be named."""
        kinds: tuple[Kind, Kind] = ("data", "model")
        for kind in kinds:
            given = self.values.get(kind) or {}
            if domain is not None and isinstance(given, dict) and "name" not in given:
                names = [entry.name for entry in self.host.entries(kind, self.values["domain"])]
                if len(names) == 1:
                    self.values[kind] = {"name": names[0], **given}

    def _shape(self, domain_known: bool) -> None:
        """Check the recipe's outline, and put what was left out in its place."""
        for key in COMPONENTS:
            above = self.values if len(key) == 1 else self.values.setdefault(key[0], {})
            if isinstance(above, dict) and above.get(key[-1], "") is None:
                del above[key[-1]]
        try:
            # By way of JSON, for what callers from Python hand over; pydantic's own reader takes no names of files that
            # are not UTF-8.
            shape = Recipe.model_validate(json.loads(json.dumps(self.values, default=str)), strict=True)
        except ValidationError as error:
            for found in error.errors(include_url=False):
                key = tuple(map(str, found["loc"]))
                if domain_known or key[0] not in ("data", "model"):
                    self._problem(key, self._say(key, found))
            return
        self.values = shape.plain()

    def _say(self, key: Key, found: Any) -> str:
        kind, value = found["type"], found["input"]
        if kind == "extra_forbidden":
            level = _LEVELS.get(key[:-1])
            return f"unknown key.{did_you_mean(key[-1], level.model_fields) if level else ''}"
        if kind == "missing":
            word = key[-2] if key[-1] == "name" else key[-1]
            choices: list[str] = []
            if word in ("data", "model", "domain"):
                domain = None if word == "domain" else self.values.get("domain")
                choices = [entry.name for entry in self.host.entries(word, domain)]
            return f"is missing. Choose one of: {', '.join(choices) or 'none is installed'}."
        if kind in ("model_type", "dict_type", "model_attributes_type"):
            what = "a name, or a mapping with a name" if key in COMPONENTS else "a mapping"
            return f"should be {what}, but is {shorten(value)}."
        if key == ("format",):
            return f"is {shorten(value)}, but this version reads format 1. Install the version that wrote the recipe."
        if key == ("device",) and kind == "string_pattern_mismatch":
            return f"should be auto, cpu, cuda or cuda:N, but is {shorten(value)}."
        if kind.endswith(("_type", "_parsing")):
            return f"should be {_TYPES.get(kind.partition('_')[0], lower(found['msg']))}, but is {shorten(value)}."
        return sentence(Any, value, [found | {"loc": ()}])

    def _part(self, key: Key) -> Any:
        found: Any = self.values
        for part in key:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def _component(self, kind: Kind, key: Key, domain: str | None) -> Any:
        """Load it, check its options, write them all down; None where it has no name or cannot be had."""
        given = self._part(key)
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            return None
        target = self._load(kind, key, given["name"], domain)
        if target is not None:
            self._options(key, given, target, anneal=kind == "optimizer")
        return target

    def _options(self, key: Key, given: dict[str, Any], target: Any, anneal: bool) -> Checked:
        name = given["name"]
        checked = check(target, {k: v for k, v in given.items() if k != "name"}, anneal)
        self._found(key, checked)
        given.clear()
        given.update({"name": name, **checked.plain})
        self.parts[key] = Part(target, checked)
        return checked

    def _found(self, key: Key, checked: Checked) -> None:
        for option, text in checked.problems:
            self._problem((*key, *option.split(".")), text)

    def _metrics(self, domain: Domain) -> None:
        if self.values.get("samples") is None:
            self.values["samples"] = domain.sample_count
        given = self.values.get("metrics")
        # What a package recommends for its data leaves room for what the model brings; what a user chose does not.
        if given is None or self.overlay.source(("metrics",), "") in self.overlay.usual:
            names = list(domain.metrics) if given is None else given
            of_model = metrics_of(self.parts["model",]) if ("model",) in self.parts and not self.problems else ()
            self.values["metrics"] = [*names, *(name for name in of_model if name not in names)]
        names = self.values["metrics"]
        for i, name in enumerate(names if isinstance(names, list) else ()):
            target = self._load("metric", ("metrics",), name, domain.name) if isinstance(name, str) else None
            if target is not None:
                names[i] = name = self.host.entry("metric", name, domain.name).name
                self.parts["metrics", name] = Part(target, Checked())
                if name in names[:i]:
                    self._problem(("metrics",), f"contains {name!r} twice; remove one.")

    def _metric(self) -> None:
        """The score of the model, where it brings one, nobody chose another and a metric measures it.

        A score that a package recommends does not hold where the user has chosen metrics without it.
        """
        model = self.parts.get(("model",))
        if model is None or self.problems:
            return
        try:
            own = brought(model)
        except DetenteError:  # said where the model is built
            return
        measured = {score for key, part in self.parts.items() if key[0] == "metrics" for score in part.target.scores}
        if self.overlay.source(("metric",), "") in self.overlay.usual and self.values.get("metric") not in measured:
            self.values["metric"] = None
        if own is not None and own.score in measured and not self.overlay.complete:
            self.values["metric"] = self.values.get("metric") or own.score

    def _loggers(self) -> None:
        """Only whether there are such: a run can be evaluated where its loggers cannot be imported."""
        names = self.values.get("log") or []
        for i, name in enumerate(names if isinstance(names, list) else ()):
            try:
                if isinstance(name, str):
                    names[i] = name = self.host.entry("logger", name).name
            except DetenteError as error:
                self._problem(("log",), str(error), error)
            if name in names[:i]:
                self._problem(("log",), f"contains {name!r} twice; remove one.")

    def _optimizer(self, side: str) -> None:
        key, before = (side, "optimizer"), len(self.problems)
        if self._component("optimizer", key, None) is not None and len(self.problems) == before:
            try:
                part, entry = self.parts[key], self.host.entry("optimizer", self._part((*key, "name")))
                Scheduled(try_out(part.make, entry), part.ramps(1))
            except DetenteError as error:
                self._problem(key, str(error), error)

    def _regularizers(self, side: str, objective: Any) -> None:
        entries = self._part((side, "regularizers"))
        links: list[Link] = []
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            if isinstance(entry, dict):
                found = self._regularizer(side, name, entry, objective)
                links += [] if found is None else [found]
        if isinstance(entries, dict) and len(links) == len(entries):
            try:
                check_order(links)
            except DetenteError as error:
                self._problem((side, "regularizers"), str(error), error)

    def _regularizer(self, side: str, name: str, entry: dict[str, Any], objective: Any) -> Link | None:
        key, before = (side, "regularizers", name), len(self.problems)
        kind = entry.get("kind", name)
        if not _INSTANCE.fullmatch(name):
            self._problem(key, "cannot be the name of a regularizer: use letters, digits, - and _, a letter first.")
            return None
        if not isinstance(kind, str):
            self._problem((*key, "kind"), f"should be the name of a regularizer, but is {shorten(kind)}.")
            return None
        target = self._load("regularizer", key, kind)
        if target is None:
            return None
        kind = self.host.entry("regularizer", kind).name
        part = self.parts[key] = RegularizerPart.of(target, name, entry)
        self._found(key, part.checked)
        if part.every is not None:
            try:
                read(Annotated[int, Ge(1)], part.every)
            except ValueError as error:
                self._problem((*key, "every"), str(error))
        if len(self.problems) > before:
            return None
        try:
            link = Link.of(part, kind)
        except (DetenteError, ValueError) as error:
            self._problem(key, str(error), error if isinstance(error, DetenteError) else None)
            return None
        self._placement(key, kind, link, objective)
        if part.every not in (None, 1) and "penalty" not in link.points:
            self._problem((*key, "every"), f"is for penalties, and {kind} has none. Leave it out.")
        entry.clear()
        entry.update(({} if kind == name else {"kind": kind}) | part.checked.plain)
        if "penalty" in link.points and not part.own_every:
            entry["every"] = part.every or 1
        return link

    def _placement(self, key: Key, kind: str, made: "Link", objective: Any) -> None:
        side = key[0]
        if side not in made.players and "both" not in made.players:
            other = made.players[0]
            self._problem(key, f"{kind} cannot be used on the {side}. Move it to {other}.regularizers.")
        if "softplus" in made.needs and objective is not None and "softplus" not in objective.abilities:
            name = self._part(("objective", "name"))
            self._problem(
                key,
                f"{kind} is only exact for logistic losses, and {name} is not one. Remove it, or set "
                "objective=non-saturating.",
            )
