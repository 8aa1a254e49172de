"""What a selection begins with: which candidates can be tried at all. Their networks are looked at before it trains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from detente.checks import Finding
from detente.errors import DetenteError, UsageError
from detente.experiments.candidates import ALSO, Candidate
from detente.experiments.look import Look, Looked, looked
from detente.experiments.planning import refuse_changes, seedless
from detente.experiments.vary import typed
from detente.plugins import Host
from detente.recipe import slug
from detente.recipe.keys import changed, flat
from detente.recipe.resolved import Resolved
from detente.results.cells import NONE
from detente.results.choice import Choice


class Shortlist:
    """Enters what can be tried into a selection's content, and what cannot with the reason.

    Args:
        content: gets `candidates`, `untried`, `recipes` and the changes of `settings`.
        resolve: the recipe of a chain, with settings as `--vary` has them.
    """

    def __init__(self, content: dict[str, Any], resolve: Callable[[str, Sequence[str]], Resolved]) -> None:
        self._content, self._resolve = content, resolve
        self._looked: dict[str, Looked | DetenteError] = {}

    def enter(self, text: str, key: str) -> None:
        """An arm's recipe, and what differs from it at each setting.

        Raises:
            UsageError, PluginError: it cannot be resolved.
        """
        plain = seedless(self._resolve(text, ()))
        domain = self._content["domain"]
        varied = [changed(plain, seedless(self._resolve(text, typed(one["values"])))) for one in self._settings]
        self._content["recipes"][key] = plain
        for one, changes in zip(self._settings, varied, strict=True):
            one["changes"].setdefault(domain, {})[key] = changes

    @property
    def _settings(self) -> list[dict[str, Any]]:
        return self._content["settings"]

    def find(self, wanted: Sequence[Candidate], host: Host) -> Mapping[str, Looked]:
        """Enter all that can be tried; what looking at each has shown, by text.

        Two that give one recipe are one candidate. A strength has the networks of the default, which are looked at.

        Raises:
            UsageError: what the user named is refused, or nothing is left.
        """
        found: list[dict[str, str]] = []
        untried: list[dict[str, str]] = []
        seen: dict[str, Looked] = {}
        for one in wanted:
            try:
                resolved = self._resolve(one.text, ())
                if seedless(resolved) in self._content["recipes"].values():
                    continue
                known = self._look(one, resolved, host)
                if isinstance(known, DetenteError):
                    raise known
                self.enter(one.text, slug(one.text))
            except DetenteError as error:
                why = str(error).splitlines()[0].removeprefix("--reg: ").rstrip(".")
                if one.family == ALSO and one.text == one.like:
                    raise UsageError(f"--also: {one.text}: {why}.") from error
                if one.text == one.like:
                    untried.append({"text": one.text, "family": one.family, "why": why})
            else:
                found.append({"text": one.text, "slug": slug(one.text), "family": one.family})
                seen[one.text] = known
        if not found:
            raise UsageError(f"{self._content['domain']}: there is nothing to choose from: {untried[0]['why']}.")
        self._content |= {"candidates": found, "untried": untried}
        return seen

    def _look(self, one: Candidate, resolved: Resolved, host: Host) -> Looked | DetenteError:
        if one.like not in self._looked:
            recipe = {**seedless(resolved), "seed": 0}
            look = Look(self._content["domain"], one.text, recipe, kept=False, resolved=resolved)
            self._looked[one.like] = looked(look, host)
        return self._looked[one.like]


def findings_of(choice: Choice) -> Mapping[str, Looked]:
    """What looking at its candidates showed when a selection began, by text."""
    names = [field.name for field in fields(Finding)]
    found: dict[str, list[Finding]] = {}
    for entry in choice.content.get("findings", []):
        found.setdefault(entry["arm"], []).append(Finding(**{name: entry[name] for name in names}))
    return {text: Looked(own, ()) for text, own in found.items()}


def check_same(old: Choice, content: Mapping[str, Any]) -> None:
    """What a selection began with stays; a time that has not been turned into runs may be another.

    Raises:
        UsageError: the command asks for something else.
    """
    keys = ["domain", "also", "primary", "settings", "recipes"] + ["budget"] * (old.cells is not None)
    keys += ["cells"] * (content["budget"] is None)
    only_none = {"settings": [entry["values"] for entry in old.content.get("settings", [])]}
    only_none |= {"recipes": {NONE: old.content["recipes"][NONE]}}
    before = flat({key: {**old.content, **only_none}.get(key) for key in keys})
    now = flat({key: {**content, "settings": [entry["values"] for entry in content["settings"]]}[key] for key in keys})
    before["primary.protocol"] = now["primary.protocol"]  # words, which may be put better in another version
    refuse_changes(
        [
            f"{old.path}: {key} is {before.get(key)!r} in the selection but {now.get(key)!r} in this command."
            for key in {**before, **now}
            if before.get(key) != now.get(key)
        ],
        "selection",
    )
