"""A search whose process is killed again and again, workers and all."""

import csv
import subprocess
import sys
import time
from pathlib import Path

import pytest

from detente.results.search import Tuning

SMALL = ["samples=50", "batch=4", "evaluate_every=10", "checkpoint_every=20", "data.size=64", "objective=wasserstein"]
SMALL += [f"{side}.optimizer={{name: sgd, lr: 0.2}}" for side in ("generator", "discriminator")]


def command(out: Path, jobs: int) -> list[str]:
    words = "-m detente tune dirac --reg r1 --search r1.gamma=log:0.01..10 --trials 6 --seeds 2 --fresh 2 --steps 40 -q"
    words = [*words.split(), "--jobs", str(jobs), "--out", str(out)]
    return [sys.executable, *words, *(word for text in SMALL for word in ("--set", text))]


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_a_killed_search_has_the_same_trials_and_the_same_winner(tmp_path):
    """With other numbers of workers, killed five times, the last time while the winner runs on new seeds."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert subprocess.run(command(whole, 2)).returncode == 0
    cells = len(list(whole.glob("cells/*/*/*/run.json")))
    for share in (0.0, 0.15, 0.4, 0.6, 0.9):
        process = subprocess.Popen(command(cut, 3), start_new_session=True)
        while len(list(cut.glob("cells/*/*/*/run.json"))) < max(1, share * cells):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
        assert not (cut / "report.html").exists()
    assert subprocess.run(command(cut, 1)).returncode == 0
    a, b = Tuning.open(whole), Tuning.open(cut)
    assert a.trials == b.trials
    assert a.rivals == b.rivals
    assert (whole / "best.yaml").read_bytes() == (cut / "best.yaml").read_bytes()

    assert a.winner is not None
    assert len({trial.mean for trial in a.trials}) > 3, "the search told them apart"

    def rows(folder: Path) -> list[dict[str, str]]:
        with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        return [{k: v for k, v in row.items() if not k.startswith(("seconds", "memory"))} for row in found]

    assert rows(whole) == rows(cut)
