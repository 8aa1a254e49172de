"""Prepared arrays on disk: made once, named by what they are made of, shared by processes as memory maps."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from detente import cache_folder

_FORMAT = 1


@dataclass(frozen=True)
class Packed:
    """Arrays whose rows stand split by split.

    Args:
        images: uint8 [N, C, H, W].
        sizes: rows per split, in the order in which the splits stand.
        labels: int64 [N], or None.
        notes: what a user should know about how they were made.
    """

    images: np.ndarray
    sizes: dict[str, int]
    labels: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    _digest: list[str] = field(default_factory=list, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 of images, labels and sizes: what the content is called."""
        if not self._digest:
            h = hashlib.sha256(json.dumps([list(self.images.shape), self.sizes]).encode())
            h.update(np.ascontiguousarray(self.images).data)
            if self.labels is not None:
                h.update(np.ascontiguousarray(self.labels).data)
            self._digest.append(h.hexdigest())
        return self._digest[0]

    def rows(self, split: str) -> slice:
        """Where a split stands."""
        start = 0
        for name, size in self.sizes.items():
            if name == split:
                return slice(start, start + size)
            start += size
        raise KeyError(split)


def folder() -> Path:
    """Where prepared data are kept: a folder of our own in détente's cache."""
    return cache_folder() / "image"


def packed(made_of: dict[str, Any], make: Callable[[], Packed]) -> Packed:
    """What `make` makes, from the cache where it is there and whole.

    A damaged entry is made again and replaced; where nothing can be written, the arrays just stay in memory.

    Args:
        made_of: everything that the result depends on, as plain data.
        make: makes it.
    """
    text = json.dumps({"format": _FORMAT, **made_of}, sort_keys=True)
    place = folder() / hashlib.sha256(text.encode()).hexdigest()[:32]
    found = _read(place)
    if found is not None:
        return found
    new = make()
    try:
        _write(place, new)
    except OSError:
        return new
    return _read(place) or new


def _read(place: Path) -> Packed | None:
    """The entry at `place`, or None where there is none or its content is not what it was."""
    try:
        about = json.loads((place / "about.json").read_text(encoding="utf-8"))
        # Copy on write: torch wants writable arrays, and no process may change what the others see.
        images = np.load(place / "images.npy", mmap_mode="c", allow_pickle=False)
        labels = np.load(place / "labels.npy", allow_pickle=False) if about["labels"] else None
        found = Packed(images, about["sizes"], labels, tuple(about["notes"]))
        whole = found.digest == about["digest"]
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    return found if whole else None


def _write(place: Path, new: Packed) -> None:
    """Write beside `place`, then rename: readers see a whole entry or none."""
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
    try:
        np.save(work / "images.npy", new.images)
        if new.labels is not None:
            np.save(work / "labels.npy", new.labels)
        about = {
            "digest": new.digest,
            "sizes": new.sizes,
            "labels": new.labels is not None,
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
