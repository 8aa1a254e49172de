"""What can be computed again, on disk: made once, named by all that it is made of, shared by processes.

An entry is a folder below `cache_folder()`. It appears whole or not at all; one process makes it while others wait; a
damaged one is made again; and where nothing can be written, what was made just stays in memory.
"""

import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

_FORMAT = 1

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where what can be computed again is kept: DETENTE_CACHE, or `detente` where the platform has its caches."""
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
    lock = FileLock(place.with_name(f"{place.name}.lock"))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        not_kept(error)
        yield
        return
    try:
        yield
    finally:
        lock.release()


def not_kept(error: OSError) -> None:
    """Say that something has to be made again next time."""
    _log.warning("prepared data are not kept: %s; set DETENTE_CACHE to a folder that can be written to", error)


@dataclass(frozen=True)
class Packed:
    """Arrays that belong together, whose rows stand split by split.

    Args:
        arrays: name to array. Those that hold samples have a row for each; others (a vocabulary) are as they are.
        sizes: rows per split, in the order in which the splits stand.
        notes: what a user should know about how they were made, a sentence each.
    """

    arrays: dict[str, np.ndarray]
    sizes: dict[str, int]
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of arrays and sizes: what the content is called."""
        shapes = {name: [array.dtype.str, *array.shape] for name, array in sorted(self.arrays.items())}
        h = hashlib.sha256(json.dumps([shapes, self.sizes]).encode())
        for _, array in sorted(self.arrays.items()):
            h.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        return h.hexdigest()

    def rows(self, split: str) -> slice:
        """Where a split stands.

        Raises:
            KeyError: there is no split of this name.
        """
        start = 0
        for name, size in self.sizes.items():
            if name == split:
                return slice(start, start + size)
            start += size
        raise KeyError(split)


def packed(kind: str, made_of: Mapping[str, Any], make: Callable[[], Packed]) -> Packed:
    """What `make` makes, as memory-mapped arrays from the cache where it is there and whole.

    Args:
        kind: the folder in the cache, such as a domain's name.
        made_of: everything that the result depends on, as plain data.
        make: makes it.
    """
    place = cache_folder() / kind / named({"format": _FORMAT, **made_of})
    found = _read(place)
    if found is not None:
        return found
    with alone(place):
        found = _read(place)  # made while we waited
        if found is not None:
            return found
        new = make()
        try:
            _write(place, new)
        except OSError as error:
            not_kept(error)
            return new
    return _read(place) or new


def _read(place: Path) -> Packed | None:
    """The entry at `place`, or None where there is none or its content is not what it was."""
    try:
        about = json.loads((place / "about.json").read_text(encoding="utf-8"))
        arrays = {
            # Copy on write: torch wants writable arrays, and no process may change what the others see.
            name: np.load(place / f"{name}.npy", mmap_mode="c" if size else None, allow_pickle=False)
            for name, size in about["arrays"].items()
        }
        found = Packed(arrays, about["sizes"], tuple(about["notes"]))
        whole = found.digest == about["digest"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None
    return found if whole else None


def _write(place: Path, new: Packed) -> None:
    """Write beside `place`, then rename: readers see a whole entry or none."""
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
    try:
        for name, array in new.arrays.items():
            np.save(work / f"{name}.npy", array)
        about = {
            "digest": new.digest,
            "sizes": new.sizes,
            "arrays": {name: int(array.size) for name, array in new.arrays.items()},  # what is empty cannot be mapped
            "notes": list(new.notes),
        }
        (work / "about.json").write_text(json.dumps(about), encoding="utf-8")
        if place.exists() and _read(place) is None:
            os.replace(place, work / "damaged")
        try:
            os.replace(work, place)
        except OSError:  # another process was faster, with the same content
            if not place.exists():
                raise
        shutil.rmtree(place / "damaged", ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
