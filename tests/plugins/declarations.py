"""What a plugin declares, asked in a process of its own, where nothing has been imported yet."""

import importlib.metadata
import json
import subprocess
import sys
from typing import NamedTuple

CODE = """
import importlib, json, sys
domain, *heavy = sys.argv[1:]
plugin = importlib.import_module(f"detente_{domain}.plugin")
entries = []
class Registry:
    def add(self, name, target, **rest):
        entries.append([name, target, rest["summary"]])
for hook in ("domains", "data", "models", "metrics"):
    getattr(plugin, "detente_register_" + hook)(Registry())
early = [module for module in heavy if module in sys.modules]
for _, target, _ in entries:
    module, _, name = target.partition(":")
    getattr(importlib.import_module(module), name)
late = [module for module in heavy if module in sys.modules]
print(json.dumps([entries, early, late]))
"""


class Declared(NamedTuple):
    """What is registered, and which of the modules asked about came with it."""

    summaries: dict[str, str]
    early: set[str]
    """With the declarations themselves."""
    late: set[str]
    """Once every target is imported."""


def declared(domain: str, *heavy: str) -> Declared:
    """Import the plugin's declarations, then each of their targets.

    Raises:
        CalledProcessError: a target does not exist.
    """
    done = subprocess.run(
        [sys.executable, "-c", CODE, domain, *heavy], capture_output=True, text=True, check=True, timeout=120
    )
    entries, early, late = json.loads(done.stdout)
    assert len({name for name, *_ in entries}) == len(entries)
    return Declared({name: summary for name, _, summary in entries}, set(early), set(late))


def entry_point(domain: str) -> tuple[str, str]:
    """Where a plugin enters, and the distribution that brings it."""
    (point,) = [p for p in importlib.metadata.entry_points(group="detente") if p.name == domain]
    assert point.dist is not None
    return point.value, point.dist.name
