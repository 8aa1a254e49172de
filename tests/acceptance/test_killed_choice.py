"""A selection whose process is killed again and again, workers and all."""

import csv
import subprocess
import sys
import time
from pathlib import Path

import pytest

from detente.results.choice import Choice

SMALL = ["samples=20", "batch=4", "evaluate_every=10", "checkpoint_every=20", "data.size=16", "objective=wasserstein"]
SMALL += [f"{side}.optimizer={{name: sgd, lr: 0.2}}" for side in ("generator", "discriminator")]


def command(out: Path, jobs: int) -> list[str]:
    words = ["-m", "detente", "choose", "dirac", "--cells", "50", "--steps", "40", "-q", "--jobs", str(jobs)]
    return [sys.executable, *words, "--out", str(out), *(word for text in SMALL for word in ("--set", text))]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in found]


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_a_killed_selection_ends_with_the_same_choice(tmp_path):
    """With other numbers of workers, killed in the first round, between rounds and in the test."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert subprocess.run(command(whole, 2)).returncode == 0
    cells = len(list(whole.glob("cells/*/*/*/run.json")))
    for share in (0.0, 0.2, 0.5, 0.7, 0.9):
        process = subprocess.Popen(command(cut, 3), start_new_session=True)
        while len(list(cut.glob("cells/*/*/*/run.json"))) < max(1, share * cells):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
        assert not (cut / "choice.yaml").exists()
    assert subprocess.run(command(cut, 1)).returncode == 0
    assert (whole / "choice.yaml").read_bytes() == (cut / "choice.yaml").read_bytes()
    assert rows(whole) == rows(cut)
    a, b = Choice.open(whole).selection, Choice.open(cut).selection
    assert a is not None and b is not None
    assert (a.asks, a.test) == (b.asks, b.test)
