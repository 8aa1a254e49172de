"""What can be computed again, on disk: made once, named by all that it is made of, shared by processes.

An entry is a folder below `cache_folder()`. It appears whole or not at all; one process makes it while others wait; a
damaged one is made again; and where nothing can be written, what was made just stays in memory.
"""

import ast
import hashlib
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from detente.errors import UsageError, visible_name
from detente.files import lock
from detente.files.standing import trouble

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where what can be computed again is kept: DETENTE_CACHE, or `detente` where the platform has its caches.

    For a user without a home it is a place where nothing can be written, which is said when something should be.
    """
    try:
        return _cache_folder()
    except RuntimeError:  # Python's, where it knows no home
        return Path(os.devnull, "detente")


def _cache_folder() -> Path:
    chosen = os.environ.get("DETENTE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "detente"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "detente"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "detente"


def named(made_of: Mapping[str, Any]) -> str:
    """The name of an entry: a hash of all that it is made of, as plain data."""
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:32]


@cache
def code_of(*modules: str) -> str:
    """A hash of the code of modules, and of whatever they import of their own package: with it changes what they make.

    Part of every entry's name, so that what other code made is never read. Comments, docstrings and formatting do not
    count. Of the core, imports are not followed: half of it would hang together.
    """
    found: dict[str, str] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name not in found and (source := _source(name)) is not None:
            tree = ast.parse(source)
            found[name] = ast.dump(_undocumented(tree))
            todo += _imports(tree, name)
    return named(found)


def _source(name: str) -> bytes | None:
    """What is in the file of a module, which is not imported; None where there is no such file of Python."""
    try:
        top, *parts = name.split(".")
        module = sys.modules.get(name)
        if module is not None:
            file = module.__file__
        elif parts and (spec := importlib.util.find_spec(top)) and spec.submodule_search_locations:
            place = Path(spec.submodule_search_locations[0], *parts)
            file = next((str(f) for f in (place.with_suffix(".py"), place / "__init__.py") if f.is_file()), None)
        else:
            file = spec.origin if not parts and (spec := importlib.util.find_spec(top)) else None
        return Path(file).read_bytes() if file and file.endswith(".py") else None
    except (ImportError, ValueError, OSError, AttributeError):
        return None


def _undocumented(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                del node.body[0]
    return tree


def _imports(tree: ast.Module, name: str) -> Iterator[str]:
    """Names that may be modules of the same top-level package."""
    package = name.partition(".")[0]
    if package == "detente":
        return
    inside = f"{package}."
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if f"{alias.name}.".startswith(inside))
        elif isinstance(node, ast.ImportFrom):
            # In a package's own __init__ one dot is the package itself; the names that this adds are tried in vain.
            parts = name.split(".")
            bases = [node.module or ""]
            if node.level:
                above = [parts[: len(parts) - node.level], parts[: len(parts) - node.level + 1]]
                bases = [".".join([*base, *filter(None, [node.module])]) for base in above if base]
            for base in bases:
                if f"{base}.".startswith(inside):
                    yield base
                    yield from (f"{base}.{alias.name}" for alias in node.names)


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Hold an entry's lock, so that one process makes it while the others wait.

    A folder that cannot be written to has no lock: each then makes its own.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        held = lock(place.with_name(f"{place.name}.lock"))
        held.acquire()
    except (OSError, UsageError) as error:
        not_kept(error)
        yield
        return
    try:
        yield
    finally:
        held.release()


def not_kept(error: OSError | UsageError) -> None:
    """Say that something has to be made again next time."""
    _log.warning("cannot cache prepared data: %s; set DETENTE_CACHE to a writable folder", reason_of(error))


def reason_of(error: OSError | UsageError) -> str:
    """Why something is not kept, as the inside of a sentence."""
    if isinstance(error, OSError) and error.filename:
        return f"{visible_name(str(error.filename))}: {trouble(error)}"
    return str(error).rstrip(".")
