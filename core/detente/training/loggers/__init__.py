"""Loggers: observers of one run, switched on by name in its recipe (`log: [tensorboard]`) or by `--log tensorboard`.

A logger is a class with lifecycle hooks of `detente.hookspecs` as methods; one instance is created for each run. It is
declared with `detente_register_loggers`, as are the built-in ones. The run's own log, metrics.jsonl, is always written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from detente.errors import DetenteError, PluginError, one_line
from detente.plugins.host import Host
from detente.plugins.loader import Plugin, observer
from detente.plugins.registry import Entry


def make_loggers(names: Iterable[str], host: Host) -> list[Plugin]:
    """The loggers that a recipe names, for `Host.notify`. They write nothing before the run starts.

    Raises:
        UsageError: there is no logger of that name.
        PluginError: a logger cannot be created, for example because a package that it needs is missing.
    """
    try:
        return [_make(host.entry("logger", name)) for name in names]
    except DetenteError as error:
        raise type(error)(f"log: {error}") from error


def _make(entry: Entry) -> Plugin:
    target = entry.load()
    try:
        logger = target()
    except DetenteError:
        raise
    except Exception as error:
        raise PluginError(f"{entry.label} of {entry.origin} cannot be created: {one_line(error)}.") from error
    return observer(logger, replace(entry.origin, plugin=entry.name))


def scalars(**groups: Mapping[str, float]) -> dict[str, float]:
    """Numbers with the name of their group in front: `terms/D/adversarial`, `watched/D/gradient`."""
    return {f"{group}/{name}": value for group, values in groups.items() for name, value in values.items()}
