"""The folder of a run: what is kept, and how it is written so that a crash at any moment leaves it readable."""

import json
import platform
import re
import sys
import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from detente.errors import UsageError
from detente.files import plain, write_atomically

RUN_FORMAT = 1


def new_folder(parent: Path, label: str) -> Path:
    """The next free numbered folder, `00007-image-r1`, made so that two processes never get the same.

    Raises:
        OSError: the parent cannot be written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    taken = [int(m[1]) for p in parent.iterdir() if (m := re.match(r"(\d{5})-", p.name))]
    number = max(taken, default=0) + 1
    while True:
        folder = parent / f"{number:05d}-{label}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


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
        """Start a run in an existing or new folder: the recipe first, for everything else can be made again from it."""
        run = cls(folder)
        for part in (run.checkpoints, run.samples):
            part.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "recipe.yaml", recipe_yaml)
        run.record(
            {
                "format": RUN_FORMAT,
                "status": "running",
                "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "argv": sys.argv,
                "platform": platform.platform(),
                **record,
            }
        )
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """An existing run.

        Raises:
            UsageError: the folder holds none.
        """
        if not (folder / "recipe.yaml").is_file() or not (folder / "run.json").is_file():
            raise UsageError(
                f"{folder}: not the folder of a run (recipe.yaml or run.json is missing); name the one that train "
                "printed."
            )
        run = cls(folder)
        if run.info.get("format") != RUN_FORMAT:
            raise UsageError(
                f"{folder}/run.json: has format {run.info.get('format')!r}, this version reads {RUN_FORMAT}."
            )
        return run

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
            UsageError: it is damaged.
        """
        path = self.folder / "run.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: cannot be read ({error}); resume the run to write it again.") from error

    @property
    def recipe_digest(self) -> str:
        """A hash of recipe.yaml as it stands there; empty where there is none."""
        return sha256(self.recipe.read_bytes()).hexdigest() if self.recipe.is_file() else ""

    @property
    def identities(self) -> dict[str, Any]:
        """What the run's data and features are, as far as that is recorded; see `detente.training.identities`.

        For a cell the experiment says so before it begins, and says where the data are by now.
        """
        found: dict[str, Any] = {}
        for path, inside in ((self.folder / "run.json", True), (self.expected, False)):
            try:
                said = json.loads(path.read_text(encoding="utf-8"))
                found |= (said.get("identities") or {}) if inside else said
            except (OSError, ValueError, TypeError, AttributeError):
                continue  # whoever needs the file itself says what is wrong with it
        return found

    @property
    def expected(self) -> Path:
        return self.folder / "identities.json"

    def expect(self, identities: Mapping[str, Any]) -> None:
        """Have the run trained on these data and no others."""
        write_atomically(self.expected, json.dumps(plain(dict(identities)), indent=2, ensure_ascii=False) + "\n")

    def record(self, changes: dict[str, Any]) -> None:
        """Change entries of run.json."""
        path = self.folder / "run.json"
        known = self.info if path.exists() else {}
        write_atomically(path, json.dumps(plain({**known, **changes}), indent=2, ensure_ascii=False) + "\n")

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines of metrics.jsonl; a last line that a crash cut short is left out."""
        if self.metrics.exists():
            for line in self.metrics.read_text(encoding="utf-8").splitlines():
                try:
                    yield json.loads(line)
                except ValueError:
                    return
