"""A cell's folder on its way between machines: its files by name, as bytes.

Names come from another machine, so they are checked before anything is written: none leads out of the folder, and what
stands in it as a link is replaced, not followed.
"""

import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from detente.errors import UsageError
from detente.files import PARTIAL, own_folder, write_atomically

Files = Mapping[str, bytes | None]
"""Names below a folder, with `/` between their parts → what is in them; None where a file is gone."""

OURS = ("recipe.yaml", "identities.json")
"""Files of a cell that the study writes: they go out and never come back."""

_CHECKPOINTS = "checkpoints"


class Changes:
    """The files of a folder as far as they have changed since they were last asked for.

    Of checkpoints that is the newest: a run goes on from it. Locks, links and what is half written stay behind.

    Args:
        folder: of a cell.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, int]] = {}

    def take(self) -> dict[str, bytes | None]:
        """What has changed, or is gone, by now."""
        found: dict[str, bytes | None] = {}
        there = _files(self._folder)
        # Checkpoints first: the log that is read after one is at least as long as the one says.
        for name in sorted(there, key=lambda name: (not name.startswith(f"{_CHECKPOINTS}/"), name)):
            path = self._folder / name
            try:
                about = path.stat()
                if self._known.get(name) == (about.st_mtime_ns, about.st_size):
                    continue
                found[name] = path.read_bytes()
            except OSError:  # replaced or deleted meanwhile: next time
                continue
            self._known[name] = about.st_mtime_ns, about.st_size
        for name in [name for name in self._known if name not in there]:
            del self._known[name]
            if not name.startswith(f"{_CHECKPOINTS}/"):  # whoever has older ones keeps them for as long as it likes
                found[name] = None
        return found


def _files(folder: Path) -> set[str]:
    found: set[str] = set()
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.endswith(PARTIAL)]
        for path in (Path(place, name) for name in files if name != ".lock" and not name.endswith(PARTIAL)):
            if stat.S_ISREG(path.lstat().st_mode):
                found.add(path.relative_to(folder).as_posix())
    old = sorted(name for name in found if name.startswith(f"{_CHECKPOINTS}/"))[:-1]
    return found.difference(old)


def unpack(files: Files, folder: Path, leave: Sequence[str] = ()) -> None:
    """Write what came, checkpoints last, so that whatever one needs is there before it.

    Args:
        files: what came.
        folder: where it belongs; made where there is none.
        leave: names that are not written.

    Raises:
        UsageError: a name leads out of the folder, or a link stands in the place of a folder below it; nothing is
            written then.
    """
    for name in files:
        _check(name, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: (name.startswith(f"{_CHECKPOINTS}/"), name)):
        content, path = files[name], folder / name
        if name in leave:
            continue
        if content is None:
            path.unlink(missing_ok=True)
        else:
            own_folder(path.parent, folder)
            write_atomically(path, content)


def _check(name: str, folder: Path) -> None:
    path, parts = PurePosixPath(name), name.split("/")
    inside = not path.is_absolute() and not {"", ".", ".."} & {*parts} and "\0" not in name
    if os.name == "nt":
        inside = inside and "\\" not in name and not PureWindowsPath(name).drive
    if not inside or parts[0] == ".lock":
        raise UsageError(f"{folder}: a file called {name!r} came for it, which is no name in a folder; it is not used.")
    for above in list(path.parents)[:-1]:
        if (folder / above).is_symlink():
            raise UsageError(f"{folder / above}: is a link to somewhere else, and nothing outside may change.")


def readdressed(content: bytes, places: Mapping[str, str]) -> bytes:
    """A file of JSON in which paths are those of another machine: of `places`, there → here."""
    for there, here in places.items():
        was, now = (
            json.dumps(path, ensure_ascii=False)[1:-1].encode("utf-8", "backslashreplace") for path in (there, here)
        )
        content = content.replace(was, now)
    return content
