"""Files: read and written in one place, whole or not at all, in one form of JSON, and never through a link.

A folder may come from somebody else, with links in it to files of ours that have nothing to do with it. So what is
replaced is made anew beside the old file, and what grows (`appending`, `lock`, `own_folder`) is refused where a link
stands in its place. A link that the user names as the folder itself is followed.
"""

import json
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from detente.errors import UsageError
from detente.files.standing import MOVE_AWAY, PUT_BACK, check_replaceable, has_file, standing, trouble

if TYPE_CHECKING:
    from filelock import FileLock

PARTIAL = ".partial"
"""How the names end of files that are being written; one that is left behind is of a process that was killed."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file's content whole: readers see the old content or the new.

    Text becomes UTF-8. What UTF-8 has no bytes for, the halves of characters by which Python stands for bytes of file
    names, becomes an escape, which JSON reads back as the same.

    Raises:
        OSError: it cannot be written; the old content is as it was.
    """
    data = encoded(content) if isinstance(content, str) else content
    replace_atomically(path, lambda partial: partial.write_bytes(data))


def encoded(text: str) -> bytes:
    """Text as it stands in our files."""
    return text.encode("utf-8", "backslashreplace")


def replace_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Replace a file by what `write` writes to the path that it is given, all of it or nothing.

    That path is a new, empty file beside it, which is synced and only then takes the name: whoever is killed in between
    leaves the old file as it was, and a file that ends in `.partial`.

    Raises:
        UsageError: a folder, a pipe, a socket or a device stands in its place.
        OSError: it cannot be written; what `write` raises is passed on. The old file is as it was.
    """
    check_replaceable(path)
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    with naming(path, partial):
        partial.open("xb").close()  # "x": no link is followed, and no other writer's file is taken
        try:
            mode = stat.S_IMODE(partial.stat().st_mode)
            write(partial)
            partial.chmod(mode)  # safetensors puts a file of its own there, which nobody else may read
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


@contextmanager
def naming(path: Path, *meanwhile: Path) -> Iterator[None]:
    """Have errors of the disk name the file that is meant: one in the middle of a file names none.

    Args:
        path: the file.
        meanwhile: what stands for it until it is whole: a file, or a folder with what is in it.
    """
    try:
        yield
    except OSError as error:
        at = None if error.filename is None else Path(os.fsdecode(error.filename))
        if error.errno is not None and (at is None or any(one in (at, *at.parents) for one in meanwhile)):
            error.filename = str(path)
        raise


@contextmanager
def staged(path: Path, fix: str = MOVE_AWAY) -> Iterator[Path]:
    """Where somebody else's code may write a file called as `path` is, and more beside it: a new folder.

    At the end all that is in there takes its place beside `path`, or, after an error, none of it.

    Args:
        path: the file.
        fix: what to do where no file can take its place, as a sentence ends.

    Raises:
        UsageError: a folder, a pipe, a socket or a device stands in the place of one of them.
    """
    check_replaceable(path, fix)
    folder = path.with_name(f"{secrets.token_hex(4)}{PARTIAL}")
    try:
        with naming(path, folder):
            folder.mkdir()
            yield folder / path.name
            places = {made: path.with_name(made.name) for made in sorted(folder.iterdir())}
            for place in places.values():
                check_replaceable(place, fix)
            for made, place in places.items():
                made.replace(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def in_utf8(path: Path, *, write: bool = False) -> Iterator[str]:
    """A file's name for a library that takes no name that is not UTF-8: its own, or that of a copy meanwhile.

    Args:
        write: what the library writes becomes the file's content.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "copy")
            if not write:
                shutil.copyfile(path, copy)
            yield str(copy)
            if write:
                shutil.copyfile(copy, path)
    else:
        yield str(path)


def sweep(folder: Path, older: float = 0.0) -> None:
    """Remove what killed processes left half written; `older` seconds at least, where others may be at work."""
    for left in folder.glob(f"*{PARTIAL}"):
        if time.time() - left.lstat().st_mtime >= older:
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def appending(path: Path) -> IO[bytes]:
    """A file of ours, opened to read it and to add to it; made where there is none.

    Raises:
        UsageError: something stands in its place that is not a file of its own.
    """
    _refuse_other(path)
    if path.exists() and path.stat().st_nlink > 1:  # somebody else's name for it, in a copy that shares what is in it
        write_atomically(path, path.read_bytes())
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666), "ab+")


def lock(path: Path, timeout: float = -1) -> "FileLock":
    """The lock that a file stands for; see filelock.

    Raises:
        UsageError: something stands in its place that is not a file of its own.
    """
    from filelock import FileLock  # comes with the extra `run`

    _refuse_other(path)
    return FileLock(path, timeout=timeout)


def own_folder(path: Path, within: Path) -> Path:
    """A folder below another one of ours, made with those between them where it is not there.

    Raises:
        UsageError: a link or a file stands in the place of one of them: what is in there is somebody else's.
        OSError: it cannot be made.
    """
    for folder in reversed([path, *path.parents][: len(path.relative_to(within).parts)]):
        if folder.is_symlink():
            raise _not_own(folder, "folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise _not_own(folder, "folder") from None
    return path


def regular(path: Path, fix: str = PUT_BACK) -> Path:
    """A path that may be read: of a file, and not of a pipe or a device, which would wait.

    Raises:
        UsageError: something else stands there.
    """
    has_file(path, fix)
    return path


def read_bytes(path: Path, fix: str = PUT_BACK) -> bytes:
    """The content of a file of ours.

    Args:
        path: the file.
        fix: what to do where something else stands there, as a sentence ends.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return regular(path, fix).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({trouble(error)}).") from error


def read_text(path: Path) -> str:
    """The same as text.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text (byte {error.start}).") from error


def read_json(path: Path) -> Any:
    """What a file of JSON holds.

    Raises:
        UsageError: it cannot be read, or is not JSON.
    """
    text = read_text(path)
    try:
        return parsed(text)
    except ValueError as error:
        raise UsageError(f"{path}: is not JSON ({error}).") from error


def parsed(text: str | bytes) -> Any:
    """What JSON stands for.

    Raises:
        ValueError: it is none, or nested so deeply that nobody meant it.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def plain(value: Any) -> Any:
    """The same data as JSON can have it: null for numbers that it does not know, paths as text."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    return str(value) if isinstance(value, Path) else value


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk, too."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refuse_other(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise _not_own(path, "file")


def _not_own(path: Path, what: str) -> UsageError:
    found = "is a link to somewhere else" if path.is_symlink() else f"is {standing(path)}, not a {what}"
    return UsageError(f"{path}: {found}, and nothing outside its folder may change; move it away.")
