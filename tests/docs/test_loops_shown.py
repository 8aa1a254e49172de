"""The scripts of docs/examples/loops: they run, differ by little, and the page shows how."""

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LOOPS = DOCS / "examples" / "loops"


def run(name: str, *args: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(LOOPS / name), *args],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {key: float(value) for key, value in re.findall(r"(\w+) ([-\d.]+)", done.stdout)}


def changes() -> list[str]:
    before, after = (
        (LOOPS / name).read_text(encoding="utf-8").splitlines() for name in ("dcgan.py", "dcgan_attached.py")
    )
    return list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]


def test_the_page_shows_the_difference_of_the_scripts():
    assert "\n".join(changes()) in (DOCS / "how-to" / "your-own-loop.md").read_text(encoding="utf-8")


def test_at_most_five_lines_are_added():
    lines = changes()
    added, removed = (sum(line.startswith(sign) and line != sign for line in lines) for sign in "+-")
    assert 0 < added - removed <= 5 and removed <= 6


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_the_scripts_train_with_and_without(half):
    args = ("--steps", "12", "--half", half)
    before, after = run("dcgan.py", *args), run("dcgan_attached.py", *args, "--accumulate", "2")
    assert before.keys() == after.keys() == {"loss_d", "loss_g", "bright"}
    assert before["loss_d"] != after["loss_d"] and before["bright"] != after["bright"]
    assert 0 < after["loss_d"] < 3 and 0 < after["bright"] < 1
