"""Where an experiment without --out goes: a new numbered folder, or that of the same command where it is unfinished."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from detente.cli.display import Session
from detente.errors import DetenteError, typed
from detente.files.named import Named

if TYPE_CHECKING:
    from detente.results.manifest import Manifest

STUDIES = Named("studies")

_SAME = {"-q", "--quiet", "-v", "--verbose", "--json", "-n", "--dry-run"}
_SAME_WITH_VALUE = ("--jobs",)

M = TypeVar("M", bound="Manifest")


@contextmanager
def experiment_folder(
    session: Session, kind: type[M], label: str, finished: Callable[[M], bool], *, out: Path | None, dry: bool
) -> Iterator[Path]:
    """The folder of an experiment; one that was made for it and stayed empty is gone afterwards.

    Args:
        kind: what is in such a folder.
        label: what a new folder is called after its number.
        finished: whether nothing is left to do in one.
        out: the folder that the user names, which is taken as it is.
        dry: make nothing.
    """
    from detente.experiments.planning import LOCK
    from detente.training.run_folder import new_folder, next_folder

    found = out or _same_command(session, kind, finished)
    if found is not None or dry:
        yield found or next_folder(STUDIES, label)
        return
    there = STUDIES.exists()
    folder = new_folder(STUDIES, label)
    try:
        yield folder
    finally:
        with suppress(OSError):  # it has something in it, as it should
            if [path.name for path in folder.iterdir()] == [LOCK]:  # of which only we know
                (folder / LOCK).unlink()
            folder.rmdir()
            if not there:
                STUDIES.rmdir()


def _same_command(session: Session, kind: type[M], finished: Callable[[M], bool]) -> Path | None:
    """The newest folder in which this command began and is not done; that it is resumed is said."""
    from detente.experiments.planning import masked

    wanted = without_messages([masked(word) for word in session.argv])
    for folder in sorted(STUDIES.glob("*/"), key=lambda path: path.name, reverse=True):
        if not (folder / kind.file).is_file():
            continue
        try:
            manifest = kind.open(folder)
        except DetenteError:  # a damaged one is not what this command means
            continue
        if wanted not in (without_messages(words) for words in manifest.content["commands"]):
            continue
        if finished(manifest):
            again = typed("detente", "report", folder)
            session.note(f"{folder}: the same command, finished; see its report (`{again}`). This one starts anew.")
            return None
        session.note(f"{folder}: the same command, unfinished, is resumed; use --out to start anew.")
        return folder
    return None


def without_messages(words: Sequence[str]) -> list[str]:
    """A command without what changes nothing but how it is shown and how many runs go at a time."""
    kept: list[str] = []
    skip = False
    for word in map(str, words):
        if not skip and word not in _SAME and not word.startswith(tuple(f"{flag}=" for flag in _SAME_WITH_VALUE)):
            skip = word in _SAME_WITH_VALUE
            if not skip:
                kept.append(word)
        else:
            skip = False
    return kept
