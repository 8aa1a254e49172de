"""What can be computed again, on disk: made once, named by all that it is made of, shared by processes.

An entry is a folder below `cache_folder()`. It appears whole or not at all; one process makes it while others wait; a
damaged one is made again; and where nothing can be written, what was made just stays in memory.
"""

import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from detente.files import lock

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


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Hold an entry's lock, so that one process makes it while the others wait.

    A folder that cannot be written to has no lock: each then makes its own.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        held = lock(place.with_name(f"{place.name}.lock"))
        held.acquire()
    except OSError as error:
        not_kept(error)
        yield
        return
    try:
        yield
    finally:
        held.release()


def not_kept(error: OSError) -> None:
    """Say that something has to be made again next time."""
    _log.warning("cannot cache prepared data: %s; set DETENTE_CACHE to a writable folder", error)
