"""A study on disk: domains × arms × seeds.

```
study.yaml   results.csv   report.html   cells/<domain>/<arm>/<seed>/
```
study.yaml says what is compared; each cell is the folder of a run, and that folder is all there is to know about it.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

from detente.errors import UsageError
from detente.files import write_atomically
from detente.hookspecs import StudyView
from detente.recipe.document import dump, read
from detente.results.cells import NONE, Arm, Cell

FORMAT = 1


_BUDGET = {"steps": "steps", "batch": "samples a batch", "critic_steps": "critic update(s) in each"}


class Study:
    """What a study.yaml says.

    Args:
        folder: where it stands.
        content: the plain data of the file.
    """

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        self.folder, self.content = folder, content

    @classmethod
    def open(cls, folder: Path) -> "Study":
        """An existing study.

        Raises:
            UsageError: there is none, or its file is damaged or of another format.
        """
        path = folder / "study.yaml"
        if not path.is_file():
            raise UsageError(f"{folder}: holds no study (study.yaml); name the folder that compare printed.")
        content = read(path)
        if content.get("format") != FORMAT:
            raise UsageError(f"{path}: has format {content.get('format')!r}, this version reads {FORMAT}.")
        study = cls(folder, content)
        try:
            for cell in study.cells:
                _ = study.recipe(cell), study.primary(cell.domain)["score"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                f"{path}: is damaged ({error!r}); give the command of the study with a new --out."
            ) from error
        return study

    def write(self) -> None:
        """Put study.yaml in its place."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, dump(self.content))

    @property
    def path(self) -> Path:
        return self.folder / "study.yaml"

    @property
    def results(self) -> Path:
        return self.folder / "results.csv"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def domains(self) -> list[str]:
        """Names, in the order in which they were given."""
        return list(self.content["domains"])

    @cached_property
    def arms(self) -> list[Arm]:
        """In the order in which they were given."""
        return [Arm(arm["text"], arm["slug"]) for arm in self.content["arms"]]

    @property
    def seeds(self) -> list[int]:
        """In ascending order."""
        return sorted(self.content["seeds"])

    @cached_property
    def cells(self) -> list[Cell]:
        """All of them: a domain after the other, in it an arm after the other."""
        return [
            Cell(domain, arm, seed, self.folder / "cells" / domain / arm.slug / str(seed))
            for domain in self.domains
            for arm in self.arms
            for seed in self.seeds
        ]

    @property
    def view(self) -> StudyView:
        """What observers are shown of it."""
        arms = tuple(arm.text for arm in self.arms)
        return StudyView(self.folder, "study", tuple(self.domains), arms, tuple(self.seeds))

    @property
    def none(self) -> Arm | None:
        """The arm without a regularizer, where the study has it."""
        return next((arm for arm in self.arms if arm.text.strip() == NONE), None)

    def primary(self, domain: str) -> dict[str, Any]:
        """The score that carries a domain: `score`, `direction`, `log`, `protocol`."""
        return dict(self.content["domains"][domain]["primary"])

    def budget(self, domain: str) -> str:
        """What every arm of a domain gets, in words."""
        recipes = [self.content["recipes"][domain][arm.slug] for arm in self.arms]
        text = ", ".join(
            f"{values[0]} {what}" if len(values) == 1 else f"{' or '.join(values)} {what} (not the same for all arms)"
            for key, what in _BUDGET.items()
            if (values := list(dict.fromkeys(str(recipe[key]) for recipe in recipes if key in recipe)))
        )
        return f"{text}, {len(self.seeds)} seed{'s' if len(self.seeds) > 1 else ''}"

    def recipe(self, cell: Cell) -> dict[str, Any]:
        """The resolved recipe of a cell as plain data."""
        return {**self.content["recipes"][cell.domain][cell.arm.slug], "seed": cell.seed}
