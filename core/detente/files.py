"""Files: written whole or not at all, in one form of JSON."""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file's content whole: readers see the old content or the new.

    Raises:
        OSError: it cannot be written; the old content is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    replace_atomically(path, lambda partial: partial.write_bytes(data))


def replace_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Replace a file by what `write` writes to the path that it is given, all of it or nothing.

    That path is a new, empty file beside it, which is synced and only then takes the name: whoever is killed in between
    leaves the old file as it was, and a file that ends in `.partial`.

    Raises:
        OSError: it cannot be written; what `write` raises is passed on. The old file is as it was.
    """
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    partial.open("xb").close()  # "x": no link is followed, and no other writer's file is taken
    try:
        write(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk, too."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def plain(value: Any) -> Any:
    """The same data as JSON can have it: null for numbers that it does not know, paths as text."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    return str(value) if isinstance(value, Path) else value
