"""An experiment on disk: a file that lists its runs, and next to it their results.

```
<manifest>.yaml   results.csv   report.html   cells/<domain>/<arm>/<seed>/
```
Each cell is the folder of a run, which contains everything about it.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from detente.errors import UsageError
from detente.files import read_bytes, write_atomically
from detente.files.heads import of_another_kind
from detente.files.records import checked, sound
from detente.files.standing import check_replaceable, has_file, make_folder
from detente.hookspecs import StudyView
from detente.recipe.document import MAX_BYTES, dump, read
from detente.results.cells import Arm, Cell
from detente.results.contradictions import contradictions
from detente.results.schemas import ManifestRecord
from detente.results.settings import Setting, settings

_log = logging.getLogger(__name__)
MOST = 8
"""Sentences about one file."""


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
        schema: what the file holds.
        needs: entries that a report can do without, and going on cannot.
        writes: the names of the other files that going on writes into the folder.
        damaged: a sentence for each thing that is left out, where only what is sound was read.
        text: the file when it was opened; None where it was not read from a file.
    """

    file: ClassVar[str]
    kind: ClassVar[str]
    verb: ClassVar[str]
    format: ClassVar[int]
    schema: ClassVar[type[ManifestRecord]] = ManifestRecord
    needs: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ("results.csv", "report.html")
    text: bytes | None = None

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        self.folder, self.content = folder, content
        self.damaged: list[str] = []

    @classmethod
    def open(cls, folder: Path, *, damaged: bool = False) -> Self:
        """An existing one.

        Args:
            damaged: read what is sound where some of it is not, for a report.

        Raises:
            UsageError: there is none, or it is damaged or of another format.
        """
        path = folder / cls.file
        if not has_file(path):
            raise of_another_kind(folder, f"a {cls.kind} folder", cls.file, f"name the folder that {cls.verb} printed")
        text = read_bytes(path)  # before the content, so that a change between the two is noticed later
        said: list[str] = []
        try:
            content = read(path, what=f"a {cls.kind}")
        except UsageError as error:
            raise UsageError(f"{str(error).rstrip('.')}; {cls.fix()}.") from error
        if damaged:
            content, said = sound(cls.schema, content, f"{path}", cls.fix())
        else:
            checked(cls.schema, content, f"{path}", cls.fix())
            missing = [key for key in cls.needs if content.get(key) is None]
            if missing:
                raise UsageError(f"{path}: {missing[0]}: is missing; {cls.fix()}.")
        begun = {"format": cls.format, "created": "", "commands": [], "versions": []}
        found = cls(folder, {**begun, **content})
        found.text = text
        try:
            found.damaged = [*said, *found.problems(damaged)]
            if damaged and not found.damaged:
                found.damaged = found.contradicted()
        except UsageError as error:  # of which what was left out may be the reason
            raise UsageError("\n".join([*said[:MOST], str(error)])) from error
        return found

    @classmethod
    def in_part(cls, folder: Path) -> Self:
        """What is sound of an existing one, with a warning for each thing that is left out.

        Raises:
            UsageError: there is none, or nothing of it can be used.
        """
        found = cls.open(folder, damaged=True)
        found.warn()
        return found

    def warn(self) -> None:
        """Say what is left out, where nobody reads it on a page."""
        for sentence in self.damaged[:MOST]:
            _log.warning("%s", sentence)

    @classmethod
    def fix(cls) -> str:
        """What to do about a damaged one, as a sentence ends."""
        return f"correct it, or give the command of the {cls.kind} again with a new --out"

    def check_place(self) -> None:
        """Make sure before anything is trained that what is written in the end can be.

        Raises:
            UsageError: something that no file replaces stands in the place of one of its files.
        """
        for name in (self.file, *self.writes):
            check_replaceable(self.folder / name)

    def write(self) -> None:
        """Put the file in its place.

        Raises:
            UsageError: it would be larger than what is read again.
        """
        text = dump(self.content)
        if len(text.encode()) > MAX_BYTES:
            raise UsageError(
                f"{self.path}: would be larger than {MAX_BYTES:,} bytes, and could not be read again; make several,"
                " with fewer arms, domains or seeds each."
            )
        make_folder(self.folder)
        write_atomically(self.path, text)

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
        folder = self.folder / "cells" / domain / arm.slug / str(seed)
        setting = self.setting_of(seed)
        return Cell(domain, arm, seed, folder, setting.name if setting else "")

    @cached_property
    def settings(self) -> list[Setting]:
        """What `--vary` named, each with its seeds; none where nothing was varied."""
        return settings(self.content)

    def unsaid(self, recipes: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """A sentence for each setting that leaves open what it changes in an arm's recipe: it would change nothing.

        Args:
            recipes: domain → slug of an arm → its recipe.
        """
        lacking = [(one.name, key) for one in self.settings for key in one.missing(recipes)]
        return [f"{self.path}: settings: {name}: changes: {key}: is missing; {self.fix()}." for name, key in lacking]

    def elsewhere(self, recipes: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """A sentence where recipes are of another domain than the one that they stand under.

        Args:
            recipes: domain → name → recipe.
        """
        of = {(key, str(one["domain"])) for key, own in recipes.items() for one in own.values() if "domain" in one}
        return [
            f"{self.path}: the recipes of domain {key} are of {other}; {self.fix()}."
            for key, other in sorted(of)
            if key != other
        ]

    def setting_of(self, seed: int) -> Setting | None:
        """The setting that has a seed."""
        return next((one for one in self.settings if seed in one.seeds), None)

    @property
    def complete(self) -> bool:
        """Whether `runs` has all there will ever be, unless the command asks for more."""
        return True

    def contradicted(self) -> list[str]:
        """A sentence for each thing that the runs in the folder contradict; for a file that is sound in itself."""
        return contradictions(self.path, self.runs(), self.primaries, self.fix())

    @property
    @abstractmethod
    def view(self) -> StudyView:
        """What observers are shown of it."""

    def problems(self, damaged: bool) -> list[str]:
        """Look at what no schema says: whether entries go together, and what stands beside the file.

        Args:
            damaged: return a sentence for each thing that is left out, instead of raising.

        Raises:
            UsageError: something is damaged.
        """
        return []

    @abstractmethod
    def runs(self) -> list[tuple[Cell, dict[str, Any]]]:
        """Every run that there is or should be by now, with its recipe, in the order of results.csv."""

    @property
    @abstractmethod
    def primaries(self) -> Mapping[str, str]:
        """Domain → name of the score that carries it."""
