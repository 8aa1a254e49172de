"""What went wrong in the runs of a study, by arm."""

import json
from pathlib import Path

import pytest

from detente.results.cells import Arm, Cell
from detente.results.doctor.many import of_arms


class Planned:
    """An experiment of two arms with two seeds each, of which one run has not ended."""

    def __init__(self, folder: Path) -> None:
        self.cells = [
            Cell("ring", Arm(text, text), seed, folder / text / str(seed)) for text in ("none", "r1") for seed in (0, 1)
        ]
        for cell, samples in zip(self.cells, (16, 1000, 16, 16), strict=True):
            cell.folder.mkdir(parents=True)
            status = "running" if cell is self.cells[-1] else "finished"
            record = {"format": 1, "status": status, "samples": samples}
            (cell.folder / "run.json").write_text(json.dumps(record))

    def runs(self):
        return [(cell, {}) for cell in self.cells]


@pytest.mark.parametrize("code", ["evaluation-small"])
def test_runs_that_show_a_fault_are_counted_by_arm(tmp_path: Path, code: str) -> None:
    planned = Planned(tmp_path)
    none, r1 = of_arms(planned)  # type: ignore[arg-type]
    assert (none.text, none.runs, none.found) == ("none", 2, {code: [planned.cells[0].folder]})
    assert (r1.text, r1.runs, r1.found) == ("r1", 1, {code: [planned.cells[2].folder]})
    assert r1.plain()["domain"] == "ring"
