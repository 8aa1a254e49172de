"""What stands at a path, in words, and what to say where that is not what is needed there.

A folder of ours may have been copied, unpacked or made by somebody else: a pipe in the place of a file would make a
reader wait for ever, and a link to nothing is neither there nor absent.
"""

import errno
import os
import stat
from pathlib import Path

from detente.errors import UsageError

PUT_BACK = "move it away, and put the file back"
MOVE_AWAY = "move it away"
NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG)
"""Errors of the system that are about a place, not about the disk."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk that is full, or of what a user may have of it."""

_IN_THE_WAY = (errno.EEXIST, errno.ENOTDIR, errno.ENOENT, errno.ELOOP)
_KINDS = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def standing(path: Path) -> str:
    """`a file`, `a folder`, `a named pipe`, `a socket`, `a device`, `a link to nothing`; empty where nothing is.

    A link is what it leads to; one that leads to itself leads to nothing.

    Raises:
        OSError: it cannot be seen.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno not in _IN_THE_WAY:
            raise
        return "a link to nothing" if os.path.islink(path) else ""
    return next(words for is_one, words in _KINDS if is_one(mode))


def has_file(path: Path, fix: str = PUT_BACK) -> bool:
    """Whether there is a file of ours at a path.

    Args:
        path: where it would be.
        fix: what to do where something else is, as a sentence ends.

    Raises:
        UsageError: something else stands there, which nothing can be read from.
    """
    found = standing(path)
    if found in ("", "a file"):
        return bool(found)
    raise UsageError(f"{path}: is {found}, not a file; {fix}.")


def check_replaceable(path: Path, fix: str = MOVE_AWAY) -> None:
    """Make sure that a file can take its place at a path: that of a file, of a link, or of nothing.

    Raises:
        UsageError: something else stands there.
    """
    try:
        found = standing(path)
    except OSError:  # whoever writes it is told
        return
    if found not in ("", "a file", "a link to nothing") and not (found == "a folder" and path.is_symlink()):
        raise UsageError(f"{path}: is {found}, which no file replaces; {fix}.")


def make_folder(path: Path, fix: str = "Choose another folder") -> Path:
    """Make a folder with those above it, where it is not there.

    Args:
        path: the folder.
        fix: what to do where it cannot be made, as a sentence.

    Raises:
        UsageError: something stands in its place, or there is no right to make it.
        OSError: the disk fails.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in (*_IN_THE_WAY, *NO_RIGHT):
            raise
        raise no_folder(path, error, fix) from error
    return path


def check_folder(path: Path, fix: str = "Choose another folder") -> None:
    """Whether a folder is there and can be written to, or can be made; nothing is.

    Raises:
        UsageError: as `make_folder`.
    """
    code = 0
    try:
        there = next(place for place in (path, *path.absolute().parents) if standing(place))
        if standing(there) != "a folder":
            code = errno.ENOTDIR
        elif not os.access(there, os.W_OK):
            code = errno.EROFS if _read_only(there) else errno.EACCES
    except OSError as error:
        raise no_folder(path, error, fix) from error
    if code:
        raise no_folder(path, OSError(code, os.strerror(code), str(there)), fix)


def no_folder(path: Path, error: OSError, fix: str) -> UsageError:
    """What to say where a folder cannot be made or written to: what is in its way, or why there is no right."""
    for place in (*reversed(path.parents), path):
        try:
            found = standing(place)
        except OSError:
            break
        if found not in ("", "a folder"):
            return UsageError(f"{place}: is {found}, not a folder. {fix}.")
    return UsageError(f"{path}: {trouble(error)}. {fix}.")


def trouble(error: OSError) -> str:
    """Why the system refuses, in the same words wherever it does."""
    words = {
        errno.EROFS: "is read-only",
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
        errno.ENAMETOOLONG: "its name is too long",
        errno.EISDIR: "is a folder",
        errno.ENOTDIR: "is not a folder",
        errno.ENOENT: "is not there",
        errno.EEXIST: "is there already",
        errno.ELOOP: "is a link that leads to itself",
    }
    return words.get(error.errno or 0) or error.strerror or type(error).__name__


def _read_only(place: Path) -> bool:
    return os.name == "posix" and bool(os.statvfs(place).f_flag & os.ST_RDONLY)
