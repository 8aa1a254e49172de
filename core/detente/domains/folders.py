"""A folder of the user's, looked through: which files are read, and what is to be said about all others."""

import os
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from detente.domains.sources import enumerated, shown


def found_below(folder: Path, suffixes: Sequence[str], wanted_by: str) -> tuple[list[Path], list[str]]:
    """The files with one of these suffixes below a folder, in a fixed order, and sentences about what is left out.

    Links to folders are followed, into each folder once: a loop of links ends, and so do links that cross. What is
    hidden is not spoken of, unless it has one of the suffixes.

    Args:
        folder: as `folder_of` found it.
        suffixes: in lower case, with the dot.
        wanted_by: as a sentence begins: `folder`.
    """
    look = _Look(folder, suffixes)
    look.through()
    notes = []
    if look.ignored:
        often = sorted(look.ignored.items(), key=lambda item: (-item[1], item[0]))
        endings = [f"{shown(ending) or 'none'} ({n})" for ending, n in often]
        total = counted(look.ignored.total(), "file")
        notes.append(f"{wanted_by}: ignored {total} with other endings: {enumerated(endings)}.")
    if look.odd:
        notes.append(
            f"{wanted_by}: left out {len(look.odd)} that are not regular files: {enumerated(sorted(look.odd))}."
        )
    if look.shut:
        notes.append(
            f"{wanted_by}: did not enter {counted(len(look.shut), 'folder')}: {enumerated(sorted(look.shut))}."
        )
    return sorted(look.files), notes


def files_below(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """The files with one of these suffixes (lower case, with the dot) below a folder, in a fixed order."""
    return found_below(folder, suffixes, "")[0]


def counted(n: int, what: str) -> str:
    """A number of things for a sentence: `1 file`, `2,000 files`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


class _Look:
    def __init__(self, folder: Path, suffixes: Sequence[str]) -> None:
        self.folder, self.suffixes = folder, suffixes
        self.files: list[Path] = []
        self.ignored: Counter[str] = Counter()
        self.odd: list[str] = []
        self.shut: list[str] = []
        self._entered: set[str] = set()
        self._folders = [folder]
        self._links: list[Path] = []

    def through(self) -> None:
        """Real folders first: where a link leads to one of them, the files keep their own path."""
        while self._folders or self._links:
            here = self._folders.pop() if self._folders else self._links.pop(0)
            real = os.path.realpath(here)
            if real in self._entered:
                self._say(self.shut, here, "it leads to a folder that is read already")
                continue
            self._entered.add(real)
            try:
                entries = sorted(os.scandir(here), key=lambda entry: entry.name)
            except OSError as error:
                self._say(self.shut, here, error.strerror or str(error))
                continue
            for entry in entries:
                self._meet(entry)

    def _meet(self, entry: "os.DirEntry[str]") -> None:
        path = Path(entry.path)
        wanted = path.suffix.lower() in self.suffixes
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            lost = isinstance(error, FileNotFoundError)
            self._say(self.odd, path, "a link to nothing" if lost else error.strerror or str(error))
            return
        if stat.S_ISDIR(mode):
            (self._links if entry.is_symlink() else self._folders).append(path)
        elif not stat.S_ISREG(mode):
            self._say(self.odd, path, _KINDS.get(stat.S_IFMT(mode), "a device"))
        elif wanted:
            self.files.append(path)
        elif not self._hidden(path):
            self.ignored[path.suffix.lower()] += 1

    def _say(self, where: list[str], path: Path, why: str) -> None:
        if not self._hidden(path) or path.suffix.lower() in self.suffixes:
            where.append(f"{shown(path.relative_to(self.folder))} ({why})")

    def _hidden(self, path: Path) -> bool:
        return any(part.startswith(".") for part in path.relative_to(self.folder).parts)


_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
