"""Studies as files, for `--preset`: included in détente or written by the user."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detente.errors import PluginError, UsageError, did_you_mean, one_line
from detente.experiments.forecast import SEEDS
from detente.plugins import Host
from detente.plugins.registry import Entry
from detente.recipe import load
from detente.recipe.document import read
from detente.training.build import build


class Preset(BaseModel):
    """A study as a file, for `--preset`: included in détente or written by the user.

    Attributes:
        domains: each with the `key=value` settings that hold in it; a list of names where there are none.
        arms: chains in the language of `--reg`.
        against: the arm that the others are compared with.
        seeds: how many, or which; of each setting where settings are varied.
        vary: `KEY=A,B,C` each, as `--vary` takes them.
        sets: settings for all domains.
        allow: codes of findings that are not refused.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    domains: dict[str, list[str]] = Field(default_factory=dict)
    arms: list[str] = Field(default_factory=list)
    against: str | None = None
    seeds: int | list[int] = SEEDS
    vary: list[str] = Field(default_factory=list)
    sets: list[str] = Field(default_factory=list)
    allow: list[str] = Field(default_factory=list)


def preset(name: str, host: Host) -> Preset:
    """A study that is included in détente or a plugin, or that a file describes.

    Raises:
        UsageError: there is no preset of this name, or the file is not a preset.
        PluginError: its plugin is broken.
    """
    if comes_along(name, host):
        return _shipped(host.entry("preset", name))
    if Path(name).is_file():
        return _preset(read(Path(name)), name)
    names = sorted(entry.name for entry in host.entries("preset"))
    hint = did_you_mean(name, names) or f" Available: {', '.join(names)}; or name a file."
    raise UsageError(f"--preset: there is no {name!r}.{hint}")


def _shipped(entry: Entry) -> Preset:
    package, _, path = entry.target.partition(":")
    try:
        return _preset(read(resources.files(package).joinpath(path), entry.target), entry.name)
    except Exception as error:  # importing the package may raise anything
        raise entry.unusable(one_line(error).rstrip(".")) from error


def comes_along(name: str, host: Host) -> bool:
    """Whether a preset is an installed one, in which unavailable domains are skipped."""
    return any(entry.name == name for entry in host.entries("preset"))


def _preset(content: Mapping[str, Any], name: str) -> Preset:
    if "recipes" in content:
        raise UsageError(f"{name}: is the record of a study that was started; resume it with `detente resume FOLDER`.")
    domains = content.get("domains") or {}
    given = dict.fromkeys(domains) if isinstance(domains, list) else domains
    try:
        listed = {key: value or [] for key, value in given.items()}
        return Preset.model_validate({**content, "domains": listed})
    except AttributeError:
        raise UsageError(
            f"{name}: domains: must be a list of names, or a mapping of names to lists of settings."
        ) from None
    except ValidationError as error:
        lines = [f"{name}: {'.'.join(map(str, e['loc']))}: {_said(e)}" for e in error.errors()]
        raise UsageError("\n".join(lines)) from error


def _said(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        names = list(Preset.model_fields)
        return f"unknown key.{did_you_mean(str(error['loc'][-1]), names) or ' Available: ' + ', '.join(names) + '.'}"
    return f"{error['msg']}; it is {error['input']!r}."


def available(chosen: Preset, host: Host) -> tuple[list[str], list[str]]:
    """The available domains of a preset, and a sentence for each unavailable one.

    Raises:
        PluginError: none of them can.
    """
    found: list[str] = []
    missing: list[str] = []
    for name, sets in chosen.domains.items():
        try:
            if name not in {entry.name for entry in host.entries("domain")}:
                raise PluginError(f"no installed plugin provides it; install detente-{name}")
            build(load(None, name, [*chosen.sets, *sets], [], {}, host), host, dry=True)
        except PluginError as error:
            missing.append(f"{name} is skipped: {error}".rstrip(".") + ".")
        else:
            found.append(name)
    if not found:
        raise PluginError("\n".join(missing))
    return found, missing
