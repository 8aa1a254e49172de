"""Sources of data: files inside installed packages, the user's folders."""

import importlib.util
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

from detente.errors import PluginError, UsageError


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
    where = Path(path).expanduser().resolve()
    if not where.is_dir():
        raise UsageError(f"{wanted_by}: {path} is not a folder; set data.path to one.")
    return where


def files_below(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """The files with one of these suffixes (lower case, with the dot) below a folder, in a fixed order."""
    return sorted(f for f in folder.rglob("*") if f.suffix.lower() in suffixes and f.is_file())


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
