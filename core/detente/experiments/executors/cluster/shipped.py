"""Data that cells need on another machine: what is prepared in our cache, and files of the user's own.

Data sets of installed packages could be prepared again on every machine; what this one has prepared is sent, so that
none has to. Files of the user's own are sent where the other machine does not have them under the same path.
"""

import os
import secrets
import shutil
from hashlib import blake2b
from pathlib import Path

from detente.domains.cache import alone, cache_folder
from detente.domains.packed import prepared_here
from detente.errors import UsageError
from detente.experiments.executors.cluster.transfer import Files, unpack

MOST = 2 << 30
"""Bytes of a user's own data that are sent."""

_SENT = "sent"  # the folder of the cache that holds other machines' files


def prepared() -> dict[str, Path]:
    """Entries of the cache that this process has used, by their name below it."""
    root = cache_folder()
    places = [place for place in prepared_here() if place.is_dir() and place.is_relative_to(root)]
    return {place.relative_to(root).as_posix(): place for place in places}


def packed_files(path: Path) -> dict[str, bytes | None]:
    """A file, or all below a folder, by their names beginning with that of `path`.

    Raises:
        UsageError: they are too large to be sent, or cannot be read.
    """
    found = (
        [path]
        if path.is_file()
        else [Path(at, name) for at, _, names in os.walk(path, followlinks=True) for name in names]
    )
    try:
        files = [file for file in found if file.is_file()]
        if (size := sum(file.stat().st_size for file in files)) > MOST:
            raise UsageError(
                f"{path}: {size / (1 << 30):.1f} GiB are too much to be sent to other machines ({MOST >> 30} GiB at "
                "most); put them on a disk that all of them see under the same path."
            )
        return {file.relative_to(path.parent).as_posix(): file.read_bytes() for file in files}
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error}).") from error


def missing(name: str) -> bool:
    """Whether an entry of the cache is not there."""
    return not (cache_folder() / name).exists()


def put(name: str, content: Files) -> Path:
    """Make an entry of the cache from what came; its path.

    Whole or not at all, and one process makes it while others wait; who reads it checks what is in there.

    Raises:
        UsageError: a name leads out of it.
        OSError: it cannot be written.
    """
    place = cache_folder() / name
    with alone(place):
        if missing(name):
            work = place.with_name(f".new-{secrets.token_hex(4)}")
            try:
                unpack(content, work)
                os.replace(work, place)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return place


def name_of(files: Files) -> str:
    """The name of the entry that holds these files of a user's: a hash of all that is in them."""
    found = blake2b(digest_size=16)
    for name, content in sorted(files.items()):
        found.update(f"{len(name)} {len(content or b'')} ".encode() + os.fsencode(name))
        found.update(content or b"")
    return f"{_SENT}/{found.hexdigest()}"


def is_sent(name: str) -> bool:
    """Whether an entry is one of those."""
    return name.startswith(f"{_SENT}/")
