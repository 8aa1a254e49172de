"""The file at the head of each kind of folder of ours, and what to say where a folder is of another kind."""

from pathlib import Path

from detente.errors import UsageError, typed
from detente.files.standing import has_file, standing

MANY = {"study.yaml": "compare", "tuning.yaml": "tune", "selection.yaml": "choose"}
"""The file at the head of a folder with many runs → the verb that made it."""
HEADS = ("recipe.yaml", *MANY)
"""The files of which one is in every folder that can be resumed."""
EXPORT = "model.json"
"""The file that describes an exported generator."""

_WORDS = {
    "study.yaml": "a study",
    "tuning.yaml": "a search",
    "selection.yaml": "a selection",
    "run.json": "a run",
    EXPORT: "an exported generator",
}


def head_of(folder: Path) -> str | None:
    """The file at the head of a folder with many runs; None where there is none.

    Raises:
        UsageError: something else stands in its place.
    """
    return next((name for name in MANY if has_file(folder / name)), None)


def begun(folder: Path) -> bool:
    """Whether a folder has something in it that `resume` goes on with."""
    return any((folder / name).is_file() for name in HEADS) and not is_export(folder)


def is_export(folder: Path) -> bool:
    """Whether a folder is that of an exported generator, which has a recipe too and is no run."""
    return (folder / EXPORT).is_file() and not (folder / "run.json").is_file()


def of_another_kind(folder: Path, wanted: str, missing: str, do: str) -> UsageError:
    """What to say where a folder is not of the kind that is wanted: what it is, as far as that can be seen.

    Args:
        folder: what was named.
        wanted: the kind, as the sentence goes on after "not".
        missing: the file that every folder of that kind has.
        do: what to do instead, as a sentence ends.
    """
    found = standing(folder)
    why = f"it has no {missing}"
    if found != "a folder":
        why = f"it is {found}" if found else "there is no such folder"
    elif kind := next((words for name, words in _WORDS.items() if name != missing and (folder / name).is_file()), None):
        why = f"it is {kind}" if missing not in ("recipe.yaml", "run.json") or kind != "a run" else why
        do = f"{do}, or use `{typed('detente', 'sample', folder)}`" if kind == _WORDS[EXPORT] else do
    elif inside := sorted(path.parent for path in folder.glob("*/*") if path.name in HEADS and path.is_file()):
        why, do = "it has such folders in it", f"name one of those, such as {typed(inside[-1])}"
    return UsageError(f"{folder}: not {wanted} ({why}); {do}.")
