"""One run of an experiment: a domain, an arm and a seed, in a folder of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.hookspecs import CellView
from detente.training.run_folder import Run

NONE = "none"
"""The arm without regularizers, which others are compared with where a study has it and names no other."""

SETTLED = ("finished", "diverged")
"""States that are results: such a cell is never run again."""


@dataclass(frozen=True)
class Arm:
    """One side of the comparison: what `--reg` says, and the name of its folder."""

    text: str
    slug: str


@dataclass(frozen=True)
class Cell:
    """One domain, one arm, one seed; where settings are varied, the one that has this seed."""

    domain: str
    arm: Arm
    seed: int
    folder: Path
    setting: str = ""

    def __str__(self) -> str:
        parts = (self.domain, self.arm.text, self.setting, f"seed {self.seed}")
        return " / ".join(part for part in parts if part)

    @property
    def run(self) -> Run:
        """Its folder as a run, which need not exist yet."""
        return Run(self.folder)

    @property
    def lock(self) -> Path:
        """The process that trains the cell holds this file's lock."""
        return self.folder / ".lock"

    @property
    def info(self) -> dict[str, Any]:
        """What its run.json says, without what is damaged; nothing before it has been written."""
        return self.run.sound[0]

    @property
    def status(self) -> str:
        """`finished`, `diverged`, `failed`, or one of a cell that is not done: `pending`, `running`, `interrupted`."""
        return str(self.info.get("status", "pending"))

    @property
    def view(self) -> CellView:
        """What observers are shown of it now."""
        info = self.info
        status = str(info.get("status", "pending"))
        return CellView(self.folder, self.domain, self.arm.text, self.seed, status, info.get("error"))
