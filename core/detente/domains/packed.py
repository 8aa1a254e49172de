"""Data as packed arrays: prepared once, kept in the cache, shared by processes, encoded on the way out."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from detente.compat import require
from detente.domains.cache import alone, cache_folder, code_of, named, not_kept
from detente.domains.contracts import Data
from detente.engine.sample import Batch, Sample, Space, batch_size, rows, to
from detente.errors import UsageError
from detente.files import read_text, regular

if TYPE_CHECKING:
    import numpy as np  # comes with the extra `run`; toys do without

_PACKED_FORMAT = 1
_used: dict[Path, None] = {}


def prepared_here() -> tuple[Path, ...]:
    """The entries of the cache that this process has asked for, which another machine would have to make as well."""
    return tuple(_used)


@dataclass(frozen=True)
class Packed:
    """Arrays that belong together, whose rows stand split by split.

    Args:
        arrays: name to array. Those that hold samples have a row for each; others (a vocabulary) are as they are.
        sizes: rows per split, in the order in which the splits stand.
        notes: what a user should know about how they were made, a sentence each.
    """

    arrays: "dict[str, np.ndarray]"
    sizes: dict[str, int]
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of arrays and sizes: what the content is called."""
        import numpy as np

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
        raise KeyError(f"there is no split {split!r}; there are {', '.join(self.sizes)}")


def packed(
    kind: str,
    made_of: Mapping[str, Any],
    make: Callable[[], Packed],
    modules: Iterable[str] = (),
    *,
    version: str | None = None,
) -> Packed:
    """What `make` makes, as memory-mapped arrays from the cache where it is there and whole.

    What other code made is not read: an entry is named by the code of `make`'s module too, and of those that this
    imports of its own package.

    Args:
        kind: the folder in the cache, such as a domain's name.
        made_of: everything that the result depends on besides the code, as plain data.
        make: makes it.
        modules: whose code the result depends on, where `make`'s module does not import them.
        version: instead of the code, for what is only fetched: its content does not depend on how.

    Raises:
        MissingExtraError: numpy or filelock is not installed.
    """
    require("run", "numpy", "filelock")
    by = code_of(_module(make), *modules) if version is None else version
    place = cache_folder() / kind / named({"format": _PACKED_FORMAT, "code": by, **made_of})
    _used[place] = None
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


def _module(make: Callable[[], Packed]) -> str:
    while isinstance(make, partial):
        make = make.func
    return make.__module__


def _read(place: Path) -> Packed | None:
    """The entry at `place`, or None where there is none or its content is not what it was."""
    import numpy as np

    try:
        about = json.loads(read_text(place / "about.json"))
        arrays = {
            # Copy on write: torch wants writable arrays, and no process may change what the others see.
            name: np.load(regular(place / f"{name}.npy"), mmap_mode="c" if size else None, allow_pickle=False)
            for name, size in about["arrays"].items()
        }
        found = Packed(arrays, about["sizes"], tuple(about["notes"]))
        whole = found.digest == about["digest"]
    except (OSError, UsageError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None
    return found if whole else None


def _write(place: Path, new: Packed) -> None:
    """Write beside `place`, then rename: readers see a whole entry or none."""
    import numpy as np

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


class PackedData(Data):
    """Data that fit in memory as packed tensors: batches by indexing, encoded on the way out.

    Attributes:
        packed: the arrays that they are made of, which a subclass may keep; an array `labels` among them holds the
            classes of the held-out samples too.
    """

    packed: Packed

    def __init__(
        self,
        space: Space,
        train: Sample,
        held_out: Sample,
        reference: Sample,
        identity: str,
        labels: Tensor | None = None,
    ) -> None:
        self.space, self.train, self.labels = space, train, labels
        self._held_out, self._reference, self._identity = held_out, reference, identity

    def __len__(self) -> int:
        return batch_size(self.train)

    def batch(self, index: Tensor) -> Batch:
        labels = None if self.labels is None else self.labels[index]
        return Batch(self.encode(rows(self.train, index)), labels)

    def held_out(self) -> Sample:
        return self.encode(self._held_out)

    def real_labels(self, n: int) -> Tensor | None:
        if self.labels is None or not hasattr(self, "packed") or "labels" not in self.packed.arrays:
            return None
        return torch.from_numpy(self.packed.arrays["labels"])[self.packed.rows("held_out")][:n]

    def reference(self) -> Sample:
        return self.encode(self._reference)

    @property
    def identity(self) -> str:
        return self._identity

    def encode(self, packed: Sample) -> Sample:
        """Packed values [B, ...] as the discriminator sees them; float32 by default."""
        return to(packed, dtype=torch.float32)
