"""Sources of data: files inside installed packages, files and folders of the user's, which may be anything.

A pipe hangs, a device never ends, a small archive unpacks to a terabyte: what a user named is looked at before it is
read, and what is read of it is bounded.
"""

import codecs
import gzip
import importlib.util
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from io import TextIOWrapper
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO, cast

from detente.errors import PluginError, UsageError

LONGEST_LINE = 1 << 16
"""Characters of a line that `text_lines` hands on."""
MOST_UNPACKED = 1 << 32
"""Bytes that are unpacked from one file."""

_HEAD = 4096
_MARKS = (  # the longer ones first: the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_GZIP = b"\x1f\x8b"
_NO_TEXT = (
    (b"PK\x03\x04", "a zip archive (or a document that is one, such as .docx or .xlsx)"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstandard"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "a document of Microsoft Office"),
    (b"SQLite format 3", "a database"),
    (b"PAR1", "a Parquet table"),
)


def package_file(package: str, inside: str, wanted_by: str) -> Path:
    """A file of an installed package, found without importing the package.

    Args:
        package: as Python imports it.
        inside: the file's path in the package.
        wanted_by: what needs it, as a sentence begins: `data 'digits'`.

    Raises:
        PluginError: the package is not installed, or the file is not in it.
    """
    spec = importlib.util.find_spec(package)
    name = package.replace("_", "-")
    if spec is None or not spec.submodule_search_locations:
        raise PluginError(f"{wanted_by} needs the package {name}: pip install {name}")
    found = Path(spec.submodule_search_locations[0], inside)
    if not found.is_file():
        raise PluginError(
            f"{wanted_by} looks for {inside} in the package {name}, which does not have it."
            f" Install another version: pip install --upgrade {name}"
        )
    return found


def folder_of(path: str, wanted_by: str) -> Path:
    """A folder that the user named, as an absolute path.

    Raises:
        UsageError: there is no such folder.
    """
    where, mode = _looked_up(path, wanted_by)
    if not stat.S_ISDIR(mode):
        raise UsageError(f"{wanted_by}: {shown(path)} is not a folder; set data.path to one.")
    return where


def file_of(path: str, wanted_by: str) -> Path:
    """A regular file that the user named, as an absolute path.

    Raises:
        UsageError: there is no such file; or it is a folder, or a pipe or a device, from which a read may never return.
    """
    where, mode = _looked_up(path, wanted_by)
    if not stat.S_ISREG(mode):
        kind = "does not exist"
        if mode:
            kind = "is a folder" if stat.S_ISDIR(mode) else "is a pipe, a socket or a device, not a regular file"
        raise UsageError(f"{wanted_by}: {shown(path)} {kind}; set data.path to a file.")
    return where


def _looked_up(path: str, wanted_by: str) -> tuple[Path, int]:
    """Where a path leads, and what is there as `stat` says it; 0 where nothing is."""
    try:
        where = Path(os.path.realpath(Path(path).expanduser()))
        return where, where.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Path(path), 0
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, no right, nobody's home, a NUL
        raise UsageError(f"{wanted_by} cannot read {shown(path)} ({_reason(error)}). Set data.path anew.") from error


def shown(name: str | Path) -> str:
    """A name as a sentence may have it: bytes that are not UTF-8 and control characters stand as escapes."""

    def printable(c: str) -> str:
        if c.isprintable():
            return c
        undecoded = 0xDC80 <= ord(c) <= 0xDCFF  # how Python keeps a byte of a name that it could not decode
        return f"\\x{ord(c) - 0xDC00:02x}" if undecoded else c.encode("unicode_escape").decode("ascii")

    return "".join(map(printable, str(name)))


def _reason(error: Exception) -> str:
    """What a system or a decoder says, as the inside of parentheses."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shown(" ".join(text.split())) or type(error).__name__


def text_lines(file: Path, wanted_by: str, encoding: str = "utf-8", errors: str = "strict") -> Iterator[str]:
    """The lines of a text file without their ends, in bounded memory; of long ones the first `LONGEST_LINE` characters.

    Line ends are those of any system. What gzip packed is unpacked on the way. A byte-order mark decides the encoding
    and is not handed on.

    Args:
        file: regular, as `file_of` found it.
        wanted_by: as a sentence begins: `data 'smiles'`.
        encoding: where there is no mark.
        errors: what to do about bytes that are not of this encoding, as for `open`.

    Raises:
        UsageError: it cannot be read, is another kind of file, damaged, in another encoding, or unpacks to more than
            `MOST_UNPACKED` bytes.
    """
    number, used = 0, encoding
    try:
        with _unpacked(file) as raw:
            head = raw.read(_HEAD)
        used = _encoding(head, encoding, f"{wanted_by}: {shown(file)}")
        with _unpacked(file) as raw, TextIOWrapper(raw, used, errors) as text:
            while line := text.readline(LONGEST_LINE):
                number += 1
                yield line.removesuffix("\n")
                while len(line) == LONGEST_LINE and not line.endswith("\n"):  # pass over the rest
                    line = text.readline(LONGEST_LINE)
                    _bounded(raw, file, wanted_by)
                if number % 1024 == 0:
                    _bounded(raw, file, wanted_by)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{wanted_by}: {shown(file)} is not {used}: byte 0x{error.object[error.start]:02x} is not a character"
            f"{_after(number)}. Save it as UTF-8, or set data.encoding, where there is that option, to its"
            " own, such as latin-1 or utf-16."
        ) from error
    except LookupError as error:
        raise UsageError(f"{wanted_by}: encoding={encoding!r} is unknown; try utf-8, latin-1 or utf-16.") from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UsageError(f"{wanted_by} cannot read {shown(file)}{_after(number)} ({_reason(error)}).") from error


def _unpacked(file: Path) -> BinaryIO:
    with file.open("rb") as raw:
        packed = raw.read(2) == _GZIP
    return cast("BinaryIO", gzip.open(file)) if packed else file.open("rb")


def _encoding(head: bytes, encoding: str, subject: str) -> str:
    """The encoding of a text that begins so.

    Raises:
        UsageError: it is no text.
    """
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    kind = next((kind for begin, kind in _NO_TEXT if head.startswith(begin)), None)
    if head[257:262] == b"ustar":
        kind = "a tar archive"
    if kind is not None:
        raise UsageError(f"{subject} is {kind}, not text. Unpack or export it to a text file.")
    name = codecs.lookup(encoding).name
    if b"\0" in head and not name.startswith(("utf-16", "utf-32")):
        raise UsageError(
            f"{subject} has bytes of zero: it is not text, or UTF-16 without a byte-order mark. Save it as UTF-8."
        )
    if name == "utf-16":  # without a mark; a space and a line end tell which byte comes first
        return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
    return encoding


def _bounded(raw: BinaryIO, file: Path, wanted_by: str) -> None:
    if isinstance(raw, gzip.GzipFile) and raw.tell() > MOST_UNPACKED:
        raise UsageError(
            f"{wanted_by}: {shown(file)} unpacks to more than {MOST_UNPACKED >> 30} GiB. Unpack it, if that is meant."
        )


def archived(archive: Path, suffixes: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of the files with one of these suffixes in a zip or tar archive; nothing goes to the disk.

    Raises:
        ValueError: it is no archive, or an encrypted or damaged one, or unpacks to more than `MOST_UNPACKED` bytes;
            with the reason in one line.
    """
    left = MOST_UNPACKED
    try:
        for name, size, read in _members(archive):
            left -= size
            if left < 0:
                raise ValueError(f"it unpacks to more than {MOST_UNPACKED >> 30} GiB")
            if name.lower().endswith(tuple(suffixes)):
                yield name, read()
    except (OSError, EOFError, RuntimeError, zlib.error, LZMAError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise ValueError(_reason(error)) from error


def _members(archive: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Name, size and a way to the content of each file in an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if info.flag_bits & 1:
                    raise ValueError("it is encrypted")
                yield info.filename, info.file_size, partial(opened.read, info)
        return
    with tarfile.open(archive) as opened:
        for member in opened:
            inside = opened.extractfile(member) if member.isreg() else None
            if inside is not None:
                yield member.name, member.size, inside.read
        # tarfile takes a damaged header for the end; the end is a block of zeros.
        raw = cast("BinaryIO", opened.fileobj)
        raw.seek(opened.offset)
        if raw.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise ValueError("it is damaged or cut off")


def stamps(files: Iterable[Path], folder: Path) -> list[tuple[str, int, int]]:
    """Path below the folder, size and time of change of each file: tell whether anything changed without reading it.

    The time is the later one of the content's and of the directory entry's: `cp -p` and `rsync` set the first one back.
    """
    found = ((str(f.relative_to(folder)), f.stat()) for f in files)
    return [(name, stat.st_size, max(stat.st_mtime_ns, stat.st_ctime_ns)) for name, stat in found]


def shuffled(keys: Iterable[bytes]) -> list[int]:
    """A fixed order of rows, by the hash of their keys: the same on every machine and whatever order they came in."""
    hashes = [blake2b(key, digest_size=16).digest() for key in keys]
    return sorted(range(len(hashes)), key=hashes.__getitem__)


def enumerated(names: Sequence[str], most: int = 10) -> str:
    """The first names for a sentence, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _after(number: int) -> str:
    """Where in a file something is: text is decoded in blocks, so the line is not known exactly."""
    return f" after line {number:,} or so" if number else " near its beginning"
