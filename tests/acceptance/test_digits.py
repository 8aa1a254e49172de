"""What the README promises of digits, at full size: minutes each, `make acceptance`."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("seed", [0, 1])
def test_r1_reaches_half_of_the_way_to_real_digits_within_five_minutes_on_one_core(tmp_path, seed):
    run = tmp_path / "run"
    train = ["train", "image", "--reg", "r1", "--seed", str(seed), "--folder", str(run), "-q"]
    subprocess.run(
        [sys.executable, "-m", "detente", *train],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
    )
    info = json.loads((run / "run.json").read_text())
    assert info["final"]["scaled"] >= 0.5, info["final"]
    assert info["seconds"] <= 300, info["seconds"]
