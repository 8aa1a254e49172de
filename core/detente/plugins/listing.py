"""The output of `detente plugins`, as plain data for `--json` and as aligned text."""

import inspect
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from detente.errors import PluginError, UsageError, did_you_mean
from detente.plugins import Host
from detente.plugins.loader import Plugin, canonical
from detente.plugins.registry import KINDS, Entry

COMBINATORS = {
    "lazily": "every=k beside any penalty's options: the penalty times k at every k-th update",
    "annealed": "{from: a, to: b, over: c, shape: s} for any numeric option: a schedule over a fraction of the run",
}
"""Functions of detente.engine.combinators that wrap regularizers, and how a recipe writes them."""


def listing(host: Host) -> dict[str, Any]:
    """Every plugin with its status, and every usable name by kind. Imports no target."""
    return {
        "plugins": [_plugin(plugin) for plugin in host.plugins],
        "entries": {kind: [_entry(entry) for entry in sorted(host.entries(kind), key=_by_name)] for kind in KINDS},
        "combinators": [{"name": name, "summary": summary} for name, summary in COMBINATORS.items()],
    }


def show(host: Host, name: str) -> dict[str, Any]:
    """Everything about a name: the plugins so called and the entries, with commit and options.

    Imports the targets of the entries (for a regularizer that means torch). One that cannot be
    imported is shown with its error.

    Raises:
        UsageError: no plugin, distribution or entry has this name.
        PluginError: the name went with a plugin that failed to load.
    """
    wanted = canonical(name)
    plugins = [
        plugin
        for plugin in host.plugins
        if wanted in (canonical(plugin.origin.plugin), canonical(plugin.origin.distribution))
    ]
    entries = [entry for entry in host.entries() if entry.name == name]
    if not plugins and not entries:
        for plugin in host.plugins:
            if any(entry.name == name for entry in plugin.entries):
                raise PluginError(
                    f"{name!r} belongs to plugin {plugin}, which was not loaded: {plugin.error}"
                    f" `detente plugins show {plugin.origin.plugin}` has the traceback."
                )
        known = [entry.name for entry in host.entries()]
        known += [plugin.origin.plugin for plugin in host.plugins]
        raise UsageError(
            f"Nothing is installed under the name {name!r}.{did_you_mean(name, known)} "
            "`detente plugins` lists what is installed."
        )
    return {
        "name": name,
        "plugins": [_plugin(plugin) | {"declares": [entry.label for entry in plugin.entries]} for plugin in plugins],
        "entries": [_entry_in_full(entry) for entry in sorted(entries, key=_by_name)],
    }


def _plugin(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.origin.plugin,
        "distribution": plugin.origin.distribution,
        "version": plugin.origin.version,
        "status": plugin.status,
        "error": plugin.error,
        "traceback": plugin.traceback,
        "notes": list(plugin.notes),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "domain": entry.domain,
        "summary": entry.summary,
        "plugin": entry.plugin,
        "distribution": entry.distribution,
        "version": entry.version,
        "target": entry.target,
    }


def _by_name(entry: Entry) -> tuple[str, str, str, str]:
    return entry.name, entry.domain or "", entry.distribution, entry.plugin


def _entry_in_full(entry: Entry) -> dict[str, Any]:
    shown = {"kind": entry.kind} | _entry(entry)
    shown |= {"commit": entry.commit, "extra": dict(entry.options)}
    shown |= {"doc": None, "options": None, "error": None}
    try:
        target = entry.load()
    except PluginError as error:
        shown["error"] = str(error)
        return shown
    shown["doc"] = inspect.getdoc(target)
    shown["options"] = _options(target)
    return shown


def _options(target: Any) -> list[dict[str, Any]] | None:
    """The parameters of a class or function as text; None for what is no callable."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return None
    empty = inspect.Parameter.empty
    return [
        {
            "name": str(parameter).partition(":")[0].partition("=")[0].strip(),  # keeps * and **
            "type": _type(parameter.annotation),
            "required": parameter.default is empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD),
            "default": None if parameter.default is empty else repr(parameter.default),
        }
        for parameter in parameters
    ]


def _type(annotation: Any) -> str | None:
    if annotation is inspect.Parameter.empty:
        return None
    if isinstance(annotation, str):
        return annotation
    if annotation is type(None):
        return "None"
    of = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Annotated:  # such as a number with its range: float (0 or more)
        notes = ", ".join(filter(None, map(str, of[1:])))
        return f"{_type(of[0])} ({notes})" if notes else _type(of[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return " | ".join(str(_type(part)) for part in of)
    return inspect.formatannotation(annotation)


def render_listing(data: dict[str, Any]) -> str:
    """The text of `listing`'s data."""
    parts = ["plugins\n" + _columns(_plugin_row(p) for p in data["plugins"])]
    for kind, entries in data["entries"].items():
        if entries:
            parts.append(f"{kind}\n" + _columns(_entry_row(entry) for entry in entries))
    parts.append("combinators\n" + _columns((c["name"], c["summary"]) for c in data["combinators"]))
    parts += [f"{_title(p)}\n  {p['error']}" for p in data["plugins"] if p["status"] == "failed"]
    parts += [f"{_title(p)}\n  {note}" for p in data["plugins"] for note in p["notes"]]
    return "\n\n".join(parts) + "\n"


def render_shown(data: dict[str, Any]) -> str:
    """The text of `show`'s data."""
    parts: list[str] = []
    for plugin in data["plugins"]:
        lines = [_title(plugin)]
        if plugin["error"] is not None:
            lines += [f"  {plugin['error']}", "", *_indented(plugin["traceback"])]
        lines += [f"  {note}" for note in plugin["notes"]]
        lost = "lost" if plugin["status"] == "failed" else "declares"
        lines += [f"  {lost} {label}" for label in plugin["declares"]]
        parts.append("\n".join(lines))
    for entry in data["entries"]:
        of = f" of domain {entry['domain']}" if entry["domain"] else ""
        lines = [f"{entry['kind']} {entry['name']}{of}"]
        facts = [
            (key, str(entry[key]))
            for key in ("summary", "target", "plugin", "distribution", "version", "commit", "error")
            if entry[key]
        ]
        lines.append(_columns(facts + [(key, repr(value)) for key, value in entry["extra"].items()]))
        if entry["options"]:
            lines += ["", "  options", _columns(map(_option_row, entry["options"]), indent=4)]
        if entry["doc"]:
            lines += ["", *_indented(entry["doc"])]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _title(plugin: dict[str, Any]) -> str:
    return f"{plugin['name']} ({plugin['distribution']} {plugin['version']}): {plugin['status']}"


def _plugin_row(plugin: dict[str, Any]) -> tuple[str, ...]:
    status = f"{plugin['status']}, see below" if plugin["notes"] else plugin["status"]
    return plugin["name"], status, plugin["distribution"], plugin["version"]


def _entry_row(entry: dict[str, Any]) -> tuple[str, ...]:
    code = f"{entry['distribution']} {entry['version']}"
    return entry["name"], entry["domain"] or "", code, entry["summary"]


def _option_row(option: dict[str, Any]) -> tuple[str, ...]:
    default = "required" if option["required"] else f"= {option['default']}"
    if option["name"].startswith("*"):
        default = ""
    return option["name"], option["type"] or "", default


def _columns(rows: Iterable[Sequence[str]], indent: int = 2) -> str:
    """Rows of equal length with their cells aligned; a column without content is dropped."""
    table = list(rows)
    if not table:
        return " " * indent + "none"
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        (" " * indent + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True) if w)).rstrip()
        for row in table
    )


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.splitlines()]
