"""What a study would run: presets, every arm's recipe, and what is wrong or worth knowing before anything trains."""

import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detente import __version__
from detente.checks import refuse
from detente.errors import DetenteError, PluginError, UsageError, did_you_mean
from detente.plugins import Host
from detente.recipe import Recipe, load, slug
from detente.recipe.document import read
from detente.recipe.keys import flat
from detente.results.search import Tuning
from detente.results.study import FORMAT, Study
from detente.training.build import build
from detente.training.loggers import make_loggers

LOCK = ".lock"
"""The file in a study's folder that its writers hold."""


class Preset(BaseModel):
    """A study as a file: what `--preset` stands for, one that comes with détente or one of the user's.

    Attributes:
        domains: each with the `key=value` settings that hold in it; a list of names where there are none.
        arms: chains in the language of `--reg`.
        seeds: how many, or which.
        sets: settings for all domains.
        allow: codes of findings that are not refused.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    domains: dict[str, list[str]] = Field(default_factory=dict)
    arms: list[str] = Field(default_factory=list)
    seeds: int | list[int] = 3
    sets: list[str] = Field(default_factory=list)
    allow: list[str] = Field(default_factory=list)


def preset(name: str) -> Preset:
    """A study that comes with détente, or that a file describes.

    Raises:
        UsageError: there is none of this name, or the file is none.
    """
    files = _shipped()
    if name in files:
        return _preset(read(files[name], f"detente/experiments/presets/{name}.yaml"), name)
    if Path(name).is_file():
        return _preset(read(Path(name)), name)
    hint = did_you_mean(name, files) or f" There are: {', '.join(sorted(files))}; or name a file."
    raise UsageError(f"--preset: there is no {name!r}.{hint}")


def comes_along(name: str) -> bool:
    """Whether a preset is one of détente's own, which leaves out the domains that cannot be had."""
    return name in _shipped()


def _shipped() -> dict[str, Traversable]:
    return {
        file.name.removesuffix(".yaml"): file
        for file in resources.files("detente.experiments").joinpath("presets").iterdir()
    }


def _preset(content: Mapping[str, Any], name: str) -> Preset:
    if "recipes" in content:
        raise UsageError(f"{name}: is the record of a study that was begun; go on with it by `detente resume`.")
    domains = content.get("domains") or {}
    given = dict.fromkeys(domains) if isinstance(domains, list) else domains
    try:
        listed = {key: value or [] for key, value in given.items()}
        return Preset.model_validate({**content, "domains": listed})
    except AttributeError:
        raise UsageError(f"{name}: domains: is a list of names, or has a list of settings for each.") from None
    except ValidationError as error:
        lines = [f"{name}: {'.'.join(map(str, e['loc']))}: {_said(e)}" for e in error.errors()]
        raise UsageError("\n".join(lines)) from error


def _said(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        names = list(Preset.model_fields)
        return f"unknown key.{did_you_mean(str(error['loc'][-1]), names) or ' There are: ' + ', '.join(names) + '.'}"
    return f"{error['msg']}; it is {error['input']!r}."


def available(chosen: Preset, host: Host) -> tuple[list[str], list[str]]:
    """The domains of a preset that can be had here, and a sentence for each that cannot.

    Raises:
        PluginError: none of them can.
    """
    found: list[str] = []
    missing: list[str] = []
    for name, sets in chosen.domains.items():
        try:
            if name not in {entry.name for entry in host.entries("domain")}:
                raise PluginError(f"no plugin brings it; install detente-{name}")
            build(load(None, name, [*chosen.sets, *sets], [], {}, host), host, dry=True)
        except PluginError as error:
            missing.append(f"{name} is left out: {error}".rstrip(".") + ".")
        else:
            found.append(name)
    if not found:
        raise PluginError("\n".join(missing))
    return found, missing


def plan(
    domains: Iterable[str],
    arms: Iterable[str],
    seeds: int | Iterable[int],
    *,
    out: Path,
    host: Host,
    sets: Sequence[str] = (),
    domain_sets: Mapping[str, Sequence[str]] | None = None,
    recipe: Path | Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> tuple[Study, list[str]]:
    """What `compare` would run, with everything checked and nothing written, and what a person should know about it.

    Raises:
        UsageError: as in `compare`; a line for each thing that is wrong.
    """
    old = _old(out)
    names = _union(old.domains if old else [], domains, "domain")
    texts = _union([arm.text for arm in old.arms] if old else [], [text.strip() for text in arms], "arm")
    numbers = sorted(_union(old.seeds if old else [], seed_numbers(seeds), "seed"))
    problems: list[DetenteError] = []
    recipes: dict[str, dict[str, Any]] = {}
    for name in names:
        own = [*sets, *(domain_sets or {}).get(name, ())]
        recipes[name] = {}
        for text in texts:
            try:
                recipes[name][slug(text)] = _resolve(recipe, name, own, text, flags, host)
            except DetenteError as error:
                problems.append(error)
    if problems:
        lines = dict.fromkeys(line for problem in problems for line in str(problem).splitlines())
        kind = PluginError if any(isinstance(problem, PluginError) for problem in problems) else UsageError
        raise kind("\n".join(lines))
    _check_twins(recipes, texts)
    if old:
        _check_same(old, recipes)
    content = {
        "format": FORMAT,
        "created": old.content["created"] if old else time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "commands": list(old.content["commands"]) if old else [],
        "versions": list(old.content["versions"]) if old else [],
        "seeds": numbers,
        "arms": [{"text": text, "slug": slug(text)} for text in texts],
        "domains": {name: {"primary": _primary(host, name)} for name in names},
        "recipes": recipes,
    }
    study = Study(out, content)
    return study, note_versions(study, host)


def findings(study: Study, host: Host) -> list[dict[str, Any]]:
    """What should be known about each arm's networks in each domain, for the first seed stands for all.

    Raises:
        UsageError: an arm is ill-posed and not allowed; a line for each.
    """
    found: list[dict[str, Any]] = []
    problems: list[str] = []
    for cell in study.cells:
        if cell.seed == study.seeds[0]:
            recipe = Recipe.model_validate(study.recipe(cell))
            built = build(recipe, host, dry=True)
            own = [{"domain": cell.domain, "arm": cell.arm.text, **f.plain()} for f in built.findings]
            found += own
            try:
                refuse(built.findings if built.domain.refuses else (), recipe.allow)
            except UsageError as error:
                problems.append(f"{cell.domain}, {cell.arm.text}: {error}")
    if problems:
        raise UsageError("\n".join(problems))
    return found


def _old(out: Path) -> Study | None:
    """The study that is in a folder already."""
    if (out / "study.yaml").exists():
        return Study.open(out)
    if out.exists() and (not out.is_dir() or any(path.name != LOCK for path in out.iterdir())):
        raise UsageError(f"{out}: holds something else than a study; choose a new folder with --out.")
    return None


def _union(old: Iterable[Any], new: Iterable[Any], what: str) -> list[Any]:
    found = list(dict.fromkeys([*old, *new]))
    if not found:
        raise UsageError(f"A study needs at least one {what}.")
    return found


def seed_numbers(seeds: int | Iterable[int]) -> list[int]:
    """The seeds themselves, for how many or which."""
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if any(seed < 0 for seed in chosen):
        raise UsageError(f"--seeds: {min(chosen)} is negative; seeds are whole numbers from 0.")
    return chosen


def _resolve(
    recipe: Path | Mapping[str, Any] | None,
    domain: str,
    sets: Sequence[str],
    arm: str,
    flags: Mapping[str, Any] | None,
    host: Host,
) -> dict[str, Any]:
    """The recipe that all seeds of an arm share, as plain data."""
    found = load(recipe, domain, sets, [arm], flags, host)
    make_loggers(found.log, host)
    shared = found.plain()
    del shared["seed"]
    return shared


def _check_twins(recipes: Mapping[str, Mapping[str, Any]], texts: Sequence[str]) -> None:
    """Two arms of one recipe would be counted as two."""
    for i, text in enumerate(texts):
        for other in texts[:i]:
            if all(arms[slug(text)] == arms[slug(other)] for arms in recipes.values()):
                raise UsageError(f"--reg: {other!r} and {text!r} stand for the same recipe; leave one of them out.")


def _check_same(old: Study, recipes: Mapping[str, Mapping[str, Any]]) -> None:
    """A cell's recipe is fixed once it is in the study."""
    changes: list[str] = []
    for domain in old.domains:
        for arm in old.arms:
            before, now = flat(old.content["recipes"][domain][arm.slug]), flat(recipes[domain][arm.slug])
            for key in [key for key in {**before, **now} if before.get(key) != now.get(key)]:
                was, becomes = (repr(d[key]) if key in d else "not there" for d in (before, now))
                changes.append(
                    f"{old.path}: {domain}: {arm.text}: {key} is {was} in the study and {becomes} in this call."
                )
    refuse_changes(changes, "study")


def refuse_changes(changes: Sequence[str], what: str) -> None:
    """Name the settings, a sentence each, in which a call differs from the study or search in its folder, if any.

    Raises:
        UsageError: there are some.
    """
    if changes:
        more = [f"… and {len(changes) - 8} more."] if len(changes) > 8 else []
        raise UsageError("\n".join([*changes[:8], *more, f"Give the {what}'s settings, or a new folder with --out."]))


def _primary(host: Host, domain: str) -> dict[str, Any]:
    primary = host.load("domain", domain)().primary
    return {
        "score": primary.score,
        "direction": primary.direction,
        "log": primary.log,
        "protocol": primary.protocol,
    }


def note_versions(study: Study | Tuning, host: Host) -> list[str]:
    """Enter the versions of today; a sentence if a study or a search ran with others so far."""
    now = _versions(host)
    known = study.content["versions"]
    if known and known[-1] == now:
        return []
    changed = [name for name in {**known[-1], **now} if known[-1].get(name) != now.get(name)] if known else []
    known.append(now)
    if not changed:
        return []
    listed = ", ".join(f"{name} {known[-2].get(name, 'absent')} → {now.get(name, 'absent')}" for name in changed)
    return [f"What this runs on changed since it last did: {listed}. Runs from before and after may not be comparable."]


def _versions(host: Host) -> dict[str, str]:
    import torch

    found = {"detente": __version__, "python": platform.python_version(), "torch": str(torch.__version__)}
    for plugin in host.plugins:
        if plugin.status == "ok":
            commit = plugin.origin.commit
            found[plugin.origin.distribution] = f"{plugin.origin.version}" + (
                f" ({commit[:12]}{commit[40:]})" if commit else ""
            )
    return {**found, "machine": f"{platform.system()} {platform.machine()}, {cpus()} CPUs"}


def cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
