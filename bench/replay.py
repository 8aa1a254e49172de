"""Train one run again from its record and compare: `python -m bench.replay CELL [FOLDER]`, or `make replay CELL=…`.

CELL is the folder of a run, or of a study's cell, of which recipe.yaml, run.json and metrics.jsonl are needed. It is
trained again in FOLDER, by default one that is gone afterwards, and every number that its log has is compared to the
bit. On the machine on which it was trained all are the same; on another one it is said what is.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from detente.errors import DetenteError, UsageError, one_line
from detente.experiments.executors.worker import train_cell
from detente.files import read_text, write_atomically
from detente.training.run_folder import Run

_TIMED = "seconds"
_SURROUNDINGS = ("platform", "versions", "device", "threads")


def main(arguments: Sequence[str]) -> int:
    """Returns 0 where all numbers are the same, 1 where one differs, 2 where there is nothing to train again."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write("Give the folder of a run, and where it is trained again: bench.replay CELL [FOLDER]\n")
        return 2
    try:
        if len(arguments) == 2:
            return replay(Path(arguments[0]), Path(arguments[1]))
        with tempfile.TemporaryDirectory() as folder:
            return replay(Path(arguments[0]), Path(folder, "again"))
    except DetenteError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def replay(cell: Path, folder: Path) -> int:
    """Train the run in `cell` again in a new folder, and say whether it came to the same.

    Raises:
        UsageError: there is no finished run, or something is in the folder already.
    """
    was, now = Run.there(cell), Run(folder)
    info = was.info
    if info.get("status") not in ("finished", "diverged") or not was.metrics.is_file():
        raise UsageError(f"{cell}: is no run that came to its end with a log; only one that has can be compared.")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder}: not empty; name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(now.recipe, read_text(was.recipe))
    if was.identities:
        now.expect(was.identities)
    code = train_cell(folder, [])
    if now.sound[0].get("status") not in ("finished", "diverged"):
        raise UsageError(f"{cell}: cannot be trained again ({now.sound[0].get('error') or f'exit code {code}'}).")
    found = list(differences(list(was.lines()), list(now.lines())))
    if not found:
        sys.stdout.write(f"{cell}: all {len(list(was.lines()))} lines of its log are the same to the bit\n")
        return 0
    sys.stdout.write(f"{cell}: {found[0]} (the first of {len(found)} numbers that differ)\n")
    around = [*surroundings(info, now.info)]
    if around:
        sys.stdout.write(f"It was trained with something else: {'; '.join(around)}.\n")
    else:
        sys.stdout.write(
            "Nothing that is recorded is different. The processor may be: other instructions round differently.\n"
        )
    return 1


def differences(was: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every number of a log that is not the same in another, a sentence each; what clocks say does not count."""
    for before, after in zip_longest(was, now):
        if before is None or after is None:
            yield f"step {(before or after or {}).get('step')} is {'missing now' if after is None else 'new'}"
            continue
        one, other = dict(_flat(before)), dict(_flat(after))
        for key in [key for key in {**one, **other} if key != _TIMED]:
            if one.get(key, ...) != other.get(key, ...):
                yield f"step {before.get('step')}: {key} was {one.get(key, 'absent')} and is {other.get(key, 'absent')}"


def surroundings(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What two records say otherwise of the machine and of what is installed, as parts of a sentence."""
    one, other = (dict(_flat({key: info.get(key) for key in _SURROUNDINGS})) for info in (was, now))
    for info, into in ((was, one), (now, other)):
        for plugin in info.get("plugins") or ():
            into[f"commit of {plugin.get('distribution')}"] = plugin.get("commit")
    for key in [key for key in {**one, **other} if one.get(key) != other.get(key)]:
        yield f"{key.replace('versions.', '')} was {one.get(key, 'absent')} and is {other.get(key, 'absent')}"


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        sys.exit(one_line(error))
