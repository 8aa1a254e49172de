"""From files and flags to a resolved recipe."""

import importlib
import importlib.util
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from detente import plugins
from detente.checks import check_codes
from detente.errors import DetenteError, UsageError, did_you_mean, visible_name
from detente.files.named import Named
from detente.plugins import Host
from detente.plugins.registry import OF_ONE_DOMAIN
from detente.recipe import chains as arms
from detente.recipe.document import Key, read
from detente.recipe.overlay import COMPONENTS, ROLES, Overlay, as_flag
from detente.recipe.resolved import Resolved
from detente.recipe.resolver import Resolver
from detente.recipe.schema import Recipe, is_complete
from detente.recipe.settings import VARY, Setting, factor, multiplied, pair, spread, standing
from detente.recipe.settings import arms as divided_arms
from detente.recipe.values import annotation_at, value_of

SET = "--set"
# Options may then be given without a name: `{optimizer: {lr: 1.0e-3}}` is Adam with another rate.
_CHOICES: tuple[Key, ...] = (("domain",), ("data",), ("data", "name"), ("model",), ("model", "name"))
_BASE = {"objective": "non-saturating", **{side: {"optimizer": "adam"} for side in ROLES}}


def resolve(
    recipe: Path | str | Mapping[str, Any] | None = None,
    domain: str | None = None,
    sets: Sequence[str] = (),
    regs: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
    host: Host | None = None,
    vary: Sequence[str] = (),
) -> Resolved:
    """A recipe with all defaults filled in, checked, together with what creates its components.

    Later beats earlier: defaults, the domain's own recipe, that for its data set, that for its model, `recipe`,
    `regs`, `sets`, `flags`, what `regs` set behind `with`, `vary`. The chains of `regs` replace those of both players,
    and `sets` may then address what is in them.

    Args:
        recipe: a file, or the data that one would hold.
        domain: the domain, unless the recipe names it.
        sets: `key=value` each, with a dotted key and a value in YAML; an option that takes text gets what was typed as
            it is. `r1.gamma=3` is short for the full key where one player has a regularizer called r1.
        regs: chains in the language of `--reg`, which may have settings of their own: `r1 with critic_steps=5`.
        flags: dotted key → value of further flags; None means that the flag was not given.
        host: where names are looked up; that of this process by default.
        vary: `key=value` each, what differs in this run. Here and behind `with` a number may be relative to what it
            would be otherwise: `x4`, `/4`; and `lr` stands for the learning rates of both players.

    Raises:
        UsageError: something is wrong; a line for each thing that is.
        PluginError: the same, and a plugin is among what is wrong.
    """
    host = host or plugins.host()
    chains, own = divided_arms(regs, arms.SOURCE)
    last: list[Setting] = []
    for layer in (own, [pair(text, VARY) for text in vary]):
        layer = spread(layer)
        last += [one for one in layer if factor(one.text) is None]
        if scaled := [one for one in layer if factor(one.text) is not None]:
            before = _resolve(recipe, domain, sets, chains, flags, host, last).recipe.plain()
            names = {side: before[side]["regularizers"] for side in ROLES}
            full = [one._replace(key=_full(one.key, names, host, one.source)) for one in scaled]
            last += [multiplied(one, standing(before, one.key)) for one in full]
    return _resolve(recipe, domain, sets, chains, flags, host, last)


def _resolve(
    recipe: Path | str | Mapping[str, Any] | None,
    domain: str | None,
    sets: Sequence[str],
    regs: Sequence[str],
    flags: Mapping[str, Any] | None,
    host: Host,
    last: Sequence[Setting],
) -> Resolved:
    source, given = _given(recipe)
    _agree(given, domain, source)
    settings = [pair(text, SET) for text in sets]
    flags = {key: value for key, value in (flags or {}).items() if value is not None}

    choice = _choice({**given, **({"domain": domain} if domain else {})}, settings, flags, last, host)
    overlay = Overlay(partial(_current, host, choice.get(("domain",))))
    overlay.lay(_BASE, source)
    overlay.complete = is_complete(given)
    # A whole recipe has said everything since it was written: what packages recommend today is nothing to it.
    for layer, where in [] if overlay.complete else _defaults(host, choice):
        overlay.lay(layer, where)
        overlay.usual.add(where)
    overlay.lay(given, source)
    if domain is not None:
        overlay.put(("domain",), domain, "command line")
    if regs:
        arm = arms.parse_arm(regs, host)
        overlay.put(("generator", "regularizers"), arm.generator, arms.SOURCE)
        overlay.put(("discriminator", "regularizers"), arm.discriminator, arms.SOURCE)
    # A component that a flag names is there before --set fills in its options; below, the flag has the last word.
    for key, value in flags.items():
        if (key,) in COMPONENTS:
            overlay.put((key,), value, as_flag(key))
    _normalize(overlay)
    problems = _put(overlay, settings, host)
    for key, value in flags.items():
        overlay.put(tuple(key.split(".")), value, as_flag(key))
    problems += _put(overlay, last, host)
    _normalize(overlay)
    try:
        resolved = Resolver(overlay, host, source).resolved()
    except DetenteError as error:
        if not problems:
            raise
        raise type(error)("\n".join([*problems, str(error)])) from error
    if problems:
        raise UsageError("\n".join(problems))
    check_codes(resolved.recipe.allow, host)
    return resolved


def load(
    recipe: Path | str | Mapping[str, Any] | None = None,
    domain: str | None = None,
    sets: Sequence[str] = (),
    regs: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
    host: Host | None = None,
) -> Recipe:
    """The recipe alone, as plain data, of what `resolve` resolves.

    Raises:
        UsageError, PluginError: as in `resolve`.
    """
    return resolve(recipe, domain, sets, regs, flags, host).recipe


def _current(host: Host, domain: Any, key: Key, name: str) -> str:
    """The name that a component has now, for the one at a key; an unknown one as it is."""
    kind = COMPONENTS[key]
    of = domain if kind in OF_ONE_DOMAIN else None
    try:
        return host.entry(kind, name, of).name
    except (DetenteError, ValueError):  # the same comes up, with a key, when the name is looked up
        return name


def _given(recipe: Path | str | Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    if isinstance(recipe, Path | str):
        file = Named(recipe)
        return f"{file}", read(file)
    return "recipe", dict(recipe or {})


def _agree(given: Mapping[str, Any], domain: str | None, source: str) -> None:
    """A recipe for one domain makes no sense in another: neither would its data and its model."""
    if domain is not None and given.get("domain", domain) != domain:
        raise UsageError(
            f"{source}: domain: is {given['domain']!r}, but the command names {domain!r}. Remove one of the two."
        )


def _put(overlay: Overlay, settings: Iterable[Setting], host: Host) -> list[str]:
    """Lay settings over the rest; a sentence for each that is wrong."""
    problems: list[str] = []
    for one in settings:
        try:
            chains = {side: overlay.get((side, "regularizers")) for side in ROLES}
            names = {side: list(chain) if isinstance(chain, Mapping) else [] for side, chain in chains.items()}
            address = _full(one.key, names, host, one.source)
            overlay.put(address, _value(overlay, address, one, host), one.source)
        except UsageError as error:
            problems.append(str(error))
    return problems


def _value(overlay: Overlay, key: Key, typed: Setting, host: Host) -> Any:
    """What a setting gives a key, for which the overlay says what option stands there."""
    annotation = annotation_at(overlay.values, key, host)
    name = len(key) == 1 or key in COMPONENTS or key[-1] in ("name", "kind")
    text = typed.text.strip() if name else typed.text
    return value_of(text, annotation, f"{typed.source}: {'.'.join(typed.key)}")


def _full(key: Key, names: Mapping[str, Collection[str]], host: Host, source: str) -> Key:
    """The full key of one that may begin with the name of a regularizer, for the names in each player's chain."""
    if key[0] in Recipe.model_fields:
        return key
    found = arms.addressed(key, names, host, source)
    if found is not None:
        return found
    hint = did_you_mean(key[0], [*Recipe.model_fields, *(name for chain in names.values() for name in chain)])
    said = visible_name(".".join(key))
    raise UsageError(f"{source}: {said}: neither a key of recipes nor one of this recipe's regularizers.{hint}")


def _normalize(overlay: Overlay) -> None:
    """`r1:` with nothing behind it is r1 with its defaults, `regularizers:` the empty chain."""
    for side in ROLES:
        player = overlay.values.get(side)
        if isinstance(player, dict) and "regularizers" in player:
            chain = player["regularizers"]
            if chain is None:
                player["regularizers"] = {}
            elif isinstance(chain, dict):
                player["regularizers"] = {name: {} if entry is None else entry for name, entry in chain.items()}


def _choice(
    given: Mapping[str, Any],
    settings: Iterable[Setting],
    flags: Mapping[str, Any],
    last: Iterable[Setting],
    host: Host,
) -> Overlay:
    """Which domain, data set and model the user asks for, whatever else is said."""
    choice = Overlay()
    choice.lay({key: given[key] for key in ("domain", "data", "model") if key in given}, "")
    for one in settings:
        if one.key in _CHOICES:
            choice.put(one.key, _value(choice, one.key, one, host), "")
    for key, value in flags.items():
        if tuple(key.split(".")) in _CHOICES:
            choice.put(tuple(key.split(".")), value, "")
    for one in last:
        if one.key in _CHOICES:
            choice.put(one.key, _value(choice, one.key, one, host), "")
    return choice


def _defaults(host: Host, choice: Overlay) -> list[tuple[dict[str, Any], str]]:
    """The domain's own recipe, that for the data set and that for the model, where their packages bring them."""
    domain = choice.get(("domain",))
    if not isinstance(domain, str):
        return []
    found: list[tuple[dict[str, Any], str]] = []
    usual = Overlay()
    for kind in ("domain", "data", "model"):
        name = domain if kind == "domain" else choice.get((kind, "name")) or usual.get((kind, "name"))
        if not isinstance(name, str) or (kind != "domain" and name == domain):
            continue
        try:
            entry = host.entry(kind, name, None if kind == "domain" else domain)
        except DetenteError:
            continue  # the same comes up, with a key, when the name is looked up
        layer = _first(entry.target, (name, "default") if kind == "domain" else (entry.name,), domain)
        if layer is not None and layer not in found:
            found.append(layer)
            usual.lay(layer[0], "")
    return found


def _first(target: str, stems: Iterable[str], domain: str) -> tuple[dict[str, Any], str] | None:
    """The first recipe of one of these names in the packages around a target, innermost first."""
    for package, folder in _folders(target):
        for stem in stems:
            file = folder / f"{stem}.yaml"
            if "/" not in stem and "\\" not in stem and file.is_file():
                source = f"{package.replace('.', '/')}/recipes/{stem}.yaml"
                found = read(file, source)
                if found.setdefault("domain", domain) == domain:  # a neighbour's, in a package of several domains
                    return found, source
    return None


def _folders(target: str) -> list[tuple[str, Traversable]]:
    """The folders `recipes` of the packages that hold a target's module. Imports packages, not the module."""
    module = target.partition(":")[0]
    found: list[tuple[str, Traversable]] = []
    while module:
        try:
            spec = importlib.util.find_spec(module)
            if spec is not None and spec.submodule_search_locations is not None:
                folder = resources.files(module) / "recipes"
                if folder.is_dir():
                    found.append((module, folder))
        except (Exception, SystemExit):  # a package that cannot be imported is reported when the domain is
            return found
        module = module.rpartition(".")[0]
    return found
