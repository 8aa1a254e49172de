"""The folder of a run: what is kept, and how it is written so that a crash at any moment leaves it readable."""

import json
import platform
import re
import sys
import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from detente.errors import UsageError
from detente.files import appending, own_folder, parsed, plain, read_bytes, read_json, sweep, write_atomically
from detente.files.heads import of_another_kind
from detente.files.records import checked, sound
from detente.files.standing import NO_RIGHT, PUT_BACK, check_replaceable, has_file, make_folder, no_folder, standing
from detente.training.run_record import RUN_FORMAT, IdentitiesRecord, RunRecord, is_entry

WRITTEN_AGAIN = "move it away, and resume the run, which writes it again"
"""What to do where something else stands in the place of a run's own record."""
_FIX = "correct it, or delete the file and resume the run, which writes it again"


def new_folder(parent: Path, label: str) -> Path:
    """The next free numbered folder, `00007-image-r1`, made so that two processes never get the same.

    Raises:
        UsageError: the parent cannot be made.
        OSError: the parent cannot be written.
    """
    make_folder(parent)
    while True:
        folder = next_folder(parent, label)
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno not in NO_RIGHT:
                raise
            raise no_folder(parent, error, "Choose another folder") from error
        return folder


def next_folder(parent: Path, label: str) -> Path:
    """The path that the next numbered folder would have by now; nothing is made."""
    there = parent.iterdir() if parent.is_dir() else ()
    taken = [int(m[1]) for p in there if (m := re.match(r"(\d{5})-", p.name))]
    return parent / f"{max(taken, default=0) + 1:05d}-{label}"


class Contents(NamedTuple):
    """What a run's folder says.

    Attributes:
        info: run.json, without what is damaged.
        lines: those of metrics.jsonl that are sound.
        damaged: a sentence for each thing that is left out; what a crash may leave is not among them.
    """

    info: dict[str, Any]
    lines: list[dict[str, Any]]
    damaged: list[str]


class Run:
    """One training run on disk.

    ```
    recipe.yaml   run.json   metrics.jsonl   log.txt   checkpoints/   samples/   report.html
    ```
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, recipe_yaml: str, record: dict[str, Any]) -> "Run":
        """Start a run in an existing or new folder: the recipe first, for everything else can be made again from it.

        Raises:
            UsageError: a link to somewhere else stands where the run would write.
        """
        run = cls(folder)
        make_folder(folder)
        run.prepare()
        write_atomically(folder / "recipe.yaml", recipe_yaml)
        write_atomically(
            folder / "run.json",
            _json(
                {
                    "format": RUN_FORMAT,
                    "status": "running",
                    "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                    "argv": sys.argv,
                    "platform": platform.platform(),
                    **record,
                }
            ),
        )
        return run

    def check_place(self) -> None:
        """Make sure before a run is trained that its files can be written.

        Raises:
            UsageError: a folder, a pipe or a device stands in the place of one.
        """
        for name in ("recipe.yaml", "run.json", "generator.json", "report.html"):
            check_replaceable(self.folder / name)

    def prepare(self) -> None:
        """Make sure that what a run writes goes into its folder, and clear away what a killed process left half done.

        Whoever calls this holds the run's lock.

        Raises:
            UsageError: a link to somewhere else, a folder, a pipe or a device stands where the run would write.
        """
        self.check_place()
        for part in (self.checkpoints, self.samples):
            sweep(own_folder(part, self.folder))
        for grows in (self.metrics, self.log):
            if grows.exists() or grows.is_symlink():
                appending(grows).close()
        sweep(self.folder)

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """An existing run.

        Raises:
            UsageError: the folder holds none, or its run.json is damaged.
        """
        run = cls.there(folder)
        _ = run.info
        return run

    @classmethod
    def there(cls, folder: Path) -> "Run":
        """An existing run, damaged or not.

        Raises:
            UsageError: the folder holds none.
        """
        for name, fix in (("recipe.yaml", PUT_BACK), ("run.json", WRITTEN_AGAIN)):
            if not has_file(folder / name, fix):
                raise no_run(folder, name)
        return cls(folder)

    @property
    def recipe(self) -> Path:
        return self.folder / "recipe.yaml"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.folder / "samples"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def info(self) -> dict[str, Any]:
        """What run.json says.

        Raises:
            UsageError: it is damaged, or of another format.
        """
        return checked(RunRecord, self._content(), f"{self.folder}/run.json", _FIX)

    @property
    def sound(self) -> tuple[dict[str, Any], list[str]]:
        """What of run.json can be used, and a sentence for each entry that cannot; nothing where there is none."""
        path = self.folder / "run.json"
        if not standing(path):
            return {}, []
        try:
            return sound(RunRecord, self._content(), f"{path}")
        except UsageError as error:
            return {}, str(error).splitlines()

    @property
    def recipe_digest(self) -> str:
        """A hash of recipe.yaml as it stands there; empty where there is none."""
        return sha256(self.recipe.read_bytes()).hexdigest() if self.recipe.is_file() else ""

    @property
    def identities(self) -> dict[str, Any]:
        """What the run's data and features are, as far as that is recorded; see `detente.training.identities`.

        For a cell the experiment says so before it begins, and says where the data are by now.

        Raises:
            UsageError: what the experiment says is damaged.
        """
        known = dict(self.sound[0].get("identities") or {})
        if has_file(self.expected):
            fix = "delete it and resume the experiment, which writes it again"
            known |= checked(IdentitiesRecord, read_json(self.expected), f"{self.expected}", fix)
        return known

    @property
    def expected(self) -> Path:
        return self.folder / "identities.json"

    def expect(self, identities: Mapping[str, Any]) -> None:
        """Have the run trained on these data and no others."""
        write_atomically(self.expected, _json(dict(identities)))

    def record(self, changes: dict[str, Any]) -> None:
        """Change entries of run.json; one that is damaged goes."""
        known, _ = self.sound
        write_atomically(self.folder / "run.json", _json({"format": RUN_FORMAT, **known, **changes}))

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines of metrics.jsonl; one that is damaged, or that a crash cut short, is left out."""
        return (line for line in self._lines() if line is not None)

    def contents(self) -> Contents:
        """All that can be used, and what cannot; whatever the folder holds, this raises nothing."""
        info, damaged = self.sound
        lines = list(self._lines())
        if lost := lines.count(None):
            damaged = [*damaged, f"{self.metrics}: {lost} damaged line{'s are' if lost > 1 else ' is'} left out."]
        return Contents(info, [line for line in lines if line is not None], damaged)

    def _content(self) -> Any:
        path = self.folder / "run.json"
        try:
            has_file(path, WRITTEN_AGAIN)
            return read_json(path)
        except UsageError as error:
            if standing(path) != "a file":
                raise
            raise UsageError(f"{str(error).rstrip('.')}; {_FIX}.") from error

    def _lines(self) -> Iterator[dict[str, Any] | None]:
        """Every line; None for a damaged one that is not just the cut end."""
        if not self.metrics.exists():
            return
        try:
            *whole, rest = read_bytes(self.metrics).split(b"\n")
        except UsageError:
            yield None
            return
        yield from map(entry_of, whole)
        if (last := entry_of(rest)) is not None:
            yield last


def no_run(folder: Path, missing: str) -> UsageError:
    """What to say where a folder is not that of a run; `missing` is the file that every run has."""
    kinds, do = "the folder of a run, a study or a search", "name one that détente printed"
    return of_another_kind(folder, kinds, missing, do)


def entry_of(line: bytes) -> dict[str, Any] | None:
    """What a line of metrics.jsonl says; None where it is damaged."""
    try:
        found = parsed(line)
    except ValueError:
        return None
    return found if is_entry(found) else None


def _json(record: dict[str, Any]) -> str:
    return json.dumps(plain(record), indent=2, ensure_ascii=False) + "\n"
