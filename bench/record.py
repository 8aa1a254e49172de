"""What is kept of a study in the repository: its manifest, its table, and of every run its record and its log.

No checkpoint and no generator is kept, and of the samples those alone that the page shows. That is enough to write the
page again, to train any run again and compare (`make replay`), and to go on with the study: copy the folder to another
place and `detente resume` it there.
"""

import shutil
from pathlib import Path

from detente.results.cells import Cell
from detente.results.study import Study

RECORD = ("recipe.yaml", "run.json", "metrics.jsonl", "identities.json")
TABLE = "results.csv"


def recorded(study: Study, place: Path) -> Study:
    """The record of a study in a folder, where those of its runs that have ended are new; others' files are left.

    Args:
        study: finished, or as far as it is; it may lie in `place` already.
        place: the folder, which is made where it is missing.
    """
    if place.resolve() == study.folder.resolve():
        return study
    for old in (*place.glob("*.svg"), *place.glob("*.png")):
        old.unlink()
    for cell in study.cells:
        if cell.status in ("finished", "diverged"):
            _keep(cell, place / cell.folder.relative_to(study.folder), shown=cell.seed == study.seeds[0])
    for name in (study.file, TABLE):
        if (study.folder / name).is_file():
            shutil.copyfile(study.folder / name, place / name)
    return Study.open(place)


def _keep(cell: Cell, place: Path, shown: bool) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in RECORD:
        if (cell.folder / name).is_file():
            shutil.copyfile(cell.folder / name, place / name)
    if shown and (sample := last_sample(cell)):
        kept = place / sample.relative_to(cell.folder)
        kept.parent.mkdir()
        shutil.copyfile(sample, kept)


def last_sample(cell: Cell) -> Path | None:
    """The last preview of a run's samples, where it has one: a picture, or lines of text."""
    files = (path for path in cell.run.samples.glob("step-*") if path.stem.count("-") == 1)
    return max(files, key=lambda path: path.name, default=None)
