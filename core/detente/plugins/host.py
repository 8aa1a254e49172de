"""The plugin host: looks up names that installed plugins declare, and notifies plugins of runs."""

import logging
import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from detente.errors import DetenteError, PluginError, UsageError, did_you_mean, one_line, tell_renamed
from detente.plugins.loader import DECLARES, HOOKS, Plugin, canonical, installed, is_core, load
from detente.plugins.registry import MAY_HAVE_DOMAIN, OF_ONE_DOMAIN, Entry, Kind, Origin, label

ALLOW = "DETENTE_PLUGINS"  # environment: the only plugins to import besides the core's own

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ObserverFailure:
    """A lifecycle hook that raised: which plugin's, and why."""

    origin: Origin
    hook: str
    error: str
    traceback: str


class Host:
    """The plugins of this process and the names that they declare.

    Args:
        plugins: in the order in which observers are called.
        block: the names blocked by the caller, for handing to worker processes.
    """

    def __init__(self, plugins: Sequence[Plugin], block: Iterable[str] = ()) -> None:
        self.plugins = tuple(plugins)
        self.block = tuple(block)
        declared = (e for plugin in plugins if plugin.status == "ok" for e in plugin.entries)
        self._entries = tuple(declared)
        self._named: dict[tuple[Kind, str], list[Entry]] = {}
        for entry in self._entries:
            for name in entry.names:
                self._named.setdefault((entry.kind, name), []).append(entry)
        self._told: set[tuple[Kind, str]] = set()
        self._complaints: set[tuple[Origin, str, str]] = set()

    def entries(self, kind: Kind | None = None, domain: str | None = None) -> list[Entry]:
        """What is declared; with `domain`, what can be used there: its own and what has none."""
        return [
            entry
            for entry in self._entries
            if kind in (None, entry.kind) and (domain is None or entry.domain in (None, domain))
        ]

    def entry(self, kind: Kind, name: str, domain: str | None = None) -> Entry:
        """The declaration of a name, also under the name that it had until the last release.

        A metric of one domain and a metric of all domains with the same name are ambiguous too: otherwise installing a
        plugin could change a number.

        Raises:
            UsageError: there is no such name.
            PluginError: several plugins declare it, or the plugin that does was left out.
            ValueError: `domain` is missing for a kind that needs it, or given to one without.
        """
        if (domain is None and kind in OF_ONE_DOMAIN) or (domain is not None and kind not in MAY_HAVE_DOMAIN):
            raise ValueError(f"{kind} {name!r} was looked up with domain={domain!r}")
        found = [entry for entry in self._named.get((kind, name), ()) if entry.domain in (None, domain)]
        if not found:
            raise self._absent(kind, name, domain)
        if len(found) > 1:
            raise _ambiguous(found, label(kind, name, domain))
        now = found[0].name
        if now != name and (kind, name) not in self._told:
            self._told.add((kind, name))
            tell_renamed(_log, kind, name, now)
        return found[0]

    def load(self, kind: Kind, name: str, domain: str | None = None) -> Any:
        """Import the target of a name.

        Raises:
            UsageError, PluginError, ValueError: as in `entry` and `Entry.load`.
        """
        return self.entry(kind, name, domain).load()

    def provenance(self, entries: Iterable[Entry]) -> list[dict[str, str | None]]:
        """Where each entry's code comes from, for a run's record. Calls git, which takes a moment."""
        return [
            {
                "kind": entry.kind,
                "name": entry.name,
                "domain": entry.domain,
                "target": entry.target,
                "plugin": entry.plugin,
                "distribution": entry.distribution,
                "version": entry.version,
                "commit": entry.commit,
            }
            for entry in dict.fromkeys(entries)
        ]

    def notify(self, hook: str, *more: Plugin, **arguments: Any) -> list[ObserverFailure]:
        """Call a lifecycle hook of every plugin, and of `more` observers. One that raises is logged and returned.

        The same failure again is logged for debugging alone: a logger that fails does so at every log line. Ctrl-C
        passes; so should whatever a signal handler raises: derive it from KeyboardInterrupt.

        Raises:
            TypeError: no lifecycle hook has this name and these arguments.
        """
        if hook in DECLARES or HOOKS.get(hook) != frozenset(arguments):
            raise TypeError(f"no lifecycle hook {hook}({', '.join(arguments)})")
        failures: list[ObserverFailure] = []
        for plugin in (*self.plugins, *more):
            if plugin.manager is None:
                continue
            try:
                getattr(plugin.manager.hook, hook)(**arguments)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                reason = one_line(error)
                failures.append(ObserverFailure(plugin.origin, hook, reason, traceback.format_exc()))
                complaint = plugin.origin, hook, reason
                level = logging.DEBUG if complaint in self._complaints else logging.WARNING
                self._complaints.add(complaint)
                _log.log(level, "%s of plugin %s raised %s; training continues", hook, plugin, reason)
                _log.debug("traceback of the error above", exc_info=True)
        return failures

    def _absent(self, kind: Kind, name: str, domain: str | None) -> DetenteError:
        """Why a name cannot be had, as an error to raise."""
        failed = [plugin for plugin in self.plugins if plugin.status == "failed"]
        for plugin in failed:
            # One that failed before it declared anything is recognized by its own name.
            lost = any(_answers(entry, kind, name, domain) for entry in plugin.entries)
            if lost or plugin.origin.plugin in (name, domain):
                return PluginError(
                    f"{label(kind, name, domain)} belongs to plugin {plugin}, which was not loaded:"
                    f" {plugin.error} Repair or uninstall {plugin.origin.distribution};"
                    f" `detente plugins show {plugin.origin.plugin}` has the traceback."
                )
        domains = [entry.name for entry in self.entries("domain")]
        if domain is not None and domain not in domains:
            text = f"There is no domain {domain!r}.{did_you_mean(str(domain), domains)}"
        else:
            names = [entry.name for entry in self.entries(kind, domain)]
            text = f"There is no {label(kind, name, domain)}.{did_you_mean(str(name), names)}"
        blocked = [plugin for plugin in self.plugins if plugin.status == "blocked"]
        if failed:
            text += f" Failed to load: {', '.join(map(str, failed))}."
        if blocked:
            text += f" Blocked: {', '.join(map(str, blocked))}."
        return UsageError(text + " `detente plugins` lists what is installed.")


def discover(block: Iterable[str] = (), loaded: Callable[[Plugin], None] = lambda plugin: None) -> Host:
    """Find the installed plugins, import those that are not blocked, collect what they declare.

    The core comes first, then distributions by name, so the order does not depend on the machine.

    Args:
        block: names of entry points or distributions that must not be imported.
        loaded: called with each plugin when it has been imported.

    Raises:
        UsageError: `block` or the environment's allow-list names no installed plugin.
    """
    block = tuple(block)
    found = installed()
    origins = [each.origin for each in found]
    blocked: set[Origin] = set()
    for name in block:
        matches = _named(name, origins, "--no-plugin")
        if all(map(is_core, matches)):
            raise UsageError(f"--no-plugin {name}: the core cannot be left out.")
        blocked.update(matches)
    if (allow := os.environ.get(ALLOW)) is not None:
        names = [name for part in allow.split(",") if (name := part.strip())]
        allowed = {origin for name in names for origin in _named(name, origins, ALLOW)}
        blocked.update(set(origins) - allowed)
    plugins: list[Plugin] = []
    for each in found:
        if each.origin in blocked and not is_core(each.origin):
            plugins.append(Plugin(each.origin, "blocked"))
        else:
            plugins.append(load(each))
            loaded(plugins[-1])
    return Host(plugins, block)


_host: Host | None = None


def host() -> Host:
    """The host of this process, discovered at the first call."""
    global _host
    if _host is None:
        _host = discover()
    return _host


def set_host(replacement: Host | None) -> None:
    """Make `host` return this one; None makes it discover anew."""
    global _host
    _host = replacement


def _answers(entry: Entry, kind: Kind, name: str, domain: str | None) -> bool:
    return entry.kind == kind and name in entry.names and entry.domain in (None, domain)


def _ambiguous(found: Sequence[Entry], what: str) -> PluginError:
    by = " and ".join(f"{entry.origin} (plugin {entry.plugin!r})" for entry in found)
    strangers = [entry.origin for entry in found if not is_core(entry.origin)]
    one_distribution = len({origin.distribution for origin in strangers}) < len(strangers)
    names = [o.plugin if one_distribution else o.distribution for o in strangers]
    return PluginError(
        f"{what} is declared by {by}. Exclude one with "
        + " or ".join(f"`--no-plugin {name}`" for name in dict.fromkeys(names))
        + f", or list the plugins you want in {ALLOW}=."
    )


def _named(name: str, origins: Iterable[Origin], where: str) -> list[Origin]:
    by_name: dict[str, list[Origin]] = {}
    for origin in origins:
        for known in {canonical(origin.plugin), canonical(origin.distribution)}:
            by_name.setdefault(known, []).append(origin)
    wanted = canonical(name)
    if wanted not in by_name:
        hint = did_you_mean(wanted, by_name) or " `detente plugins` lists those installed."
        raise UsageError(f"{where} names {name!r}, but no such plugin is installed.{hint}")
    return by_name[wanted]
