"""An experiment on disk: a file that lists its runs, and next to it their results.

```
<manifest>.yaml   results.csv   report.html   cells/<domain>/<arm>/<seed>/
```
Each cell is the folder of a run, which contains everything about it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from detente.errors import UsageError
from detente.files import write_atomically
from detente.hookspecs import StudyView
from detente.recipe.document import dump, read
from detente.results.cells import Arm, Cell


class Manifest(ABC):
    """What the file at the head of an experiment's folder says.

    Args:
        folder: where it stands.
        content: the plain data of the file.

    Attributes:
        file: its name.
        kind: what is in such a folder, in a word.
        verb: what makes one.
        format: the number that the file begins with.
        text: the file when it was opened; None where it was not read from a file.
    """

    file: ClassVar[str]
    kind: ClassVar[str]
    verb: ClassVar[str]
    format: ClassVar[int]
    text: bytes | None = None

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        self.folder, self.content = folder, content

    @classmethod
    def open(cls, folder: Path) -> Self:
        """An existing one.

        Raises:
            UsageError: there is none, or it is damaged or of another format.
        """
        path = folder / cls.file
        if not path.is_file():
            raise UsageError(
                f"{folder}: not a {cls.kind} folder (it has no {cls.file}); name the folder that {cls.verb} printed."
            )
        text = path.read_bytes()  # before the content, so that a change between the two is noticed later
        content = read(path)
        if content.get("format") != cls.format:
            raise UsageError(f"{path}: has format {content.get('format')!r}, this version reads {cls.format}.")
        found = cls(folder, content)
        found.text = text
        try:
            found.check()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                f"{path}: is corrupt ({error!r}); give the command of the {cls.kind} again with a new --out."
            ) from error
        return found

    def write(self) -> None:
        """Put the file in its place."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, dump(self.content))

    @property
    def path(self) -> Path:
        return self.folder / self.file

    @property
    def results(self) -> Path:
        return self.folder / "results.csv"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def cell(self, domain: str, arm: Arm, seed: int) -> Cell:
        """The run of an arm with a seed."""
        return Cell(domain, arm, seed, self.folder / "cells" / domain / arm.slug / str(seed))

    @property
    @abstractmethod
    def view(self) -> StudyView:
        """What observers are shown of it."""

    @abstractmethod
    def check(self) -> None:
        """Look everything up that is needed later, and read what stands beside the file.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: something is not there, or is not what it should be.
        """

    @abstractmethod
    def runs(self) -> list[tuple[Cell, dict[str, Any]]]:
        """Every run that there is or should be by now, with its recipe, in the order of results.csv."""

    @property
    @abstractmethod
    def primaries(self) -> Mapping[str, str]:
        """Domain → name of the score that carries it."""
