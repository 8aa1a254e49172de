"""From what is installed to `Plugin`s: finds entry points, loads each one whole or not at all.

pluggy validates and calls the hooks. Its own entry-point loader would let one broken plugin take
the host down, so loading is ours: whatever goes wrong in a plugin becomes data about that plugin.
"""

import contextlib
import inspect
import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import pluggy

from detente import hookspecs
from detente.compat import without_extensions
from detente.errors import PluginError, did_you_mean, one_line
from detente.plugins import contract, weight
from detente.plugins.process import unchanged
from detente.plugins.registry import Entry, Kind, Origin, Registry

CORE = "detente"  # the distribution that holds this file

DECLARES: Mapping[str, Kind] = {
    "detente_register_domains": "domain",
    "detente_register_models": "model",
    "detente_register_data": "data",
    "detente_register_regularizers": "regularizer",
    "detente_register_objectives": "objective",
    "detente_register_metrics": "metric",
    "detente_register_optimizers": "optimizer",
    "detente_register_samplers": "sampler",
    "detente_register_rules": "rule",
    "detente_register_presets": "preset",
    "detente_register_verbs": "verb",
    "detente_register_loggers": "logger",
}
HOOKS: Mapping[str, frozenset[str]] = {
    name: frozenset(inspect.signature(spec).parameters)
    for name, spec in vars(hookspecs).items()
    if name.startswith("detente_")
}
_log = logging.getLogger(__name__)
_GROUP_HEADER = re.compile(rf"^\s*\[\s*{hookspecs.PROJECT}\s*\]", re.MULTILINE)


@dataclass(frozen=True)
class Plugin:
    """An installed plugin and its status.

    Args:
        origin: entry-point name, distribution, version.
        status: `ok`; `failed`, then nothing that it declared can be used; `blocked`, then its
            module was never imported.
        entries: its declarations. Of a failed plugin: those lost with it, as far as is known.
        error, traceback: of a failed plugin: why, in one line and in full.
        manager: calls this plugin's hooks and no one else's. One manager each, so that no plugin
            can wrap, reorder or swallow the calls of another.
        notes: what is not wrong, but should be known; a sentence each.
    """

    origin: Origin
    status: Literal["ok", "failed", "blocked"]
    entries: tuple[Entry, ...] = ()
    error: str | None = None
    traceback: str | None = None
    manager: pluggy.PluginManager | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.origin.plugin!r} ({self.origin})"


@dataclass(frozen=True)
class Installed:
    """An entry point that is not imported yet, or why the distribution's could not be read."""

    origin: Origin
    entry_point: metadata.EntryPoint | Exception

    @property
    def package(self) -> str | None:
        """The outermost package of its module; None where that is not known."""
        return None if isinstance(self.entry_point, Exception) else re.split(r"[.:]", self.entry_point.value)[0].strip()


def canonical(name: str) -> str:
    """A distribution's name as packaging compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_core(origin: Origin) -> bool:
    """Whether this is the core's own plugin, which cannot be blocked."""
    return canonical(origin.distribution) == CORE


def installed() -> list[Installed]:
    """Every entry point of the group: the core's first, then by distribution and name.

    Not `metadata.entry_points`: it parses the file of every installed distribution, and a single malformed one, even of
    an unrelated package, makes it raise. Where there is one, torch and pydantic, which do call it, are kept from that.
    """
    found: list[Installed] = []
    seen: set[str] = set()  # a distribution that appears twice: the first on the path is imported
    for distribution in metadata.distributions():
        try:
            points = distribution.entry_points
        except Exception as error:
            points = error
            _survive(distribution, error)
        if _is_left_over(distribution):
            continue
        try:
            text = distribution.read_text("entry_points.txt")
        except (OSError, UnicodeError):
            continue
        if text is None or not _GROUP_HEADER.search(text):
            continue
        name, version = _name_and_version(distribution)
        if canonical(name) in seen:
            continue
        seen.add(canonical(name))
        source, commit = _direct_source(distribution)
        if isinstance(points, Exception):
            found.append(Installed(Origin(name, name, version, source, commit), points))
        else:
            own = points.select(group=hookspecs.PROJECT)
            found += [Installed(Origin(point.name, name, version, source, commit), point) for point in own]

    def order(each: Installed) -> tuple[bool, str, str]:
        return not is_core(each.origin), canonical(each.origin.distribution), each.origin.plugin

    return sorted(found, key=order)


def _survive(distribution: metadata.Distribution, error: Exception) -> None:
    """Live with a damaged entry_points.txt, whoever's it is: `import torch` would raise, and pydantic's models too."""
    without_extensions()
    folder = getattr(distribution, "_path", None) or _name_and_version(distribution)[0]
    _damaged(str(folder), one_line(error))


@cache
def _damaged(folder: str, error: str) -> None:
    _log.warning(
        "%s: its entry_points.txt is damaged (%s), so extensions of torch and pydantic are left out. Reinstall that "
        "package, or delete the folder.",
        folder,
        error,
    )


def _is_left_over(distribution: metadata.Distribution) -> bool:
    """Whether this is what an interrupted pip left: `~etente-0.1.dist-info`, with the name of the real one in it.

    The names of distributions begin with a letter or a digit, so pip passes over all others too.
    """
    folder = getattr(distribution, "_path", None)  # where the metadata are has no public name
    return folder is not None and not Path(folder).name[:1].isalnum()


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    try:  # a damaged METADATA surfaces in many ways, by Python version
        fields = distribution.metadata
        return str(fields["Name"]), str(fields["Version"])
    except Exception:
        return "unknown", "unknown"


def _direct_source(distribution: metadata.Distribution) -> tuple[Path | None, str | None]:
    """The folder of an editable installation, the commit of one from a repository (PEP 610)."""
    try:
        record = json.loads(distribution.read_text("direct_url.json") or "{}")
        if record.get("dir_info", {}).get("editable"):
            return Path(unquote(urlsplit(record["url"]).path)), None
        return None, record.get("vcs_info", {}).get("commit_id")
    except (OSError, ValueError, KeyError, AttributeError):
        return None, None


def load(found: Installed) -> Plugin:
    """Import a plugin and stage its declarations; on any failure it is left out as a whole."""
    origin, staged, notes = found.origin, list[Entry](), list[str]()
    before = weight.loaded()
    try:
        # Standard output carries results (`--json`): what a plugin prints must not mix with them.
        with contextlib.redirect_stdout(sys.stderr), unchanged(f"plugin {origin.plugin!r} ({origin})"):
            implementation = _import(found)
            version = contract.stated(implementation)
            if (reason := contract.refusal(version, origin)) is not None:
                raise PluginError(reason)
            notes.append(contract.note(version))
            manager = _register(implementation, origin)
            _declare(manager, origin, staged)
            _refuse_strays(implementation, manager)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit and worse: a plugin may not end the process
        reason = one_line(error)
        reason += "" if reason.endswith((".", "?")) else "."
        return Plugin(origin, "failed", tuple(staged), reason, traceback.format_exc())
    notes.append(weight.slow(before))
    return Plugin(origin, "ok", tuple(staged), manager=manager, notes=tuple(filter(None, notes)))


def observer(implementation: object, origin: Origin) -> Plugin:
    """An object with lifecycle hooks as methods, which are called like those of plugins.

    Raises:
        PluginError: a hook is misspelled, unmarked or takes arguments that it does not get; or there is none.
    """
    manager = _register(implementation, origin)
    _refuse_strays(implementation, manager)
    return Plugin(origin, "ok", manager=manager)


def _import(found: Installed) -> object:
    point = found.entry_point
    if isinstance(point, Exception):
        raise PluginError(f"Its entry_points.txt cannot be read: {one_line(point)}.") from point
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        reason = one_line(error)
        raise PluginError(f"Importing {point.value!r} raised {reason.rstrip('.')}.") from error


def _register(implementation: object, origin: Origin) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(implementation, origin.plugin)
    except pluggy.PluginValidationError as error:
        raise PluginError(
            f"A hook does not fit its specification in detente.hookspecs, or is of a newer détente: {one_line(error)}"
        ) from error
    return manager


def _declare(manager: pluggy.PluginManager, origin: Origin, staged: list[Entry]) -> None:
    """Call every declaration hook, then raise what the first failing one raised.

    The others are called all the same: their names can then be reported as lost.
    """
    first: PluginError | None = None
    for hook, kind in DECLARES.items():
        registry = Registry(kind, origin, staged)
        try:
            returned = getattr(manager.hook, hook)(registry=registry)
            if returned:  # a generator or coroutine, say, whose body never ran
                kind_of = type(returned[0]).__name__
                raise PluginError(f"returned a {kind_of}: declare with registry.add instead.")
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reason = one_line(error)
            verb = "" if isinstance(error, PluginError) else "raised "
            problem = PluginError(f"{hook} {verb}{reason.rstrip('.')}.")
            problem.__cause__ = error
            first = first or problem
        registry.close()
    if first is not None:
        raise first


def _refuse_strays(implementation: object, manager: pluggy.PluginManager) -> None:
    """Refuse what pluggy passes over in silence: functions that look like hooks and are none."""
    for name in dir(implementation):
        if not name.startswith(f"{hookspecs.PROJECT}_"):
            continue
        if not inspect.isroutine(inspect.getattr_static(implementation, name, None)):
            continue
        if manager.parse_hookimpl_opts(implementation, name) is None:
            if name in HOOKS:
                raise PluginError(f"{name} is not marked as a hook: add @hookimpl above it.")
            raise PluginError(f"{name} is not a hook.{did_you_mean(name, HOOKS)}")
    callers = manager.get_hookcallers(implementation)
    if not callers:
        raise PluginError("It implements no hook; detente.hookspecs lists them.")
    for caller in callers:
        for hook in caller.get_hookimpls():
            if not caller.has_spec() and not hook.optionalhook:
                raise PluginError(f"{caller.name} is not a hook.{did_you_mean(caller.name, HOOKS)}")
            if caller.name in DECLARES and "registry" not in hook.argnames:
                raise PluginError(f"{caller.name} cannot declare anything: let it take `registry`.")
