"""The scripts of docs/examples/loops: they run, differ by little, and the pages show how."""

import difflib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LOOPS = DOCS / "examples" / "loops"
SCRIPTS = {
    "dcgan": "",
    "lightning_manual": "lightning",
    "with_accelerate": "accelerate",
    "with_fabric": "lightning",
    "vocoder": "",
}
"""Each with the framework that it needs."""


def run(name: str, *args: str) -> dict[str, float]:
    framework = SCRIPTS[name.removesuffix("_attached")]
    if framework and importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed (requirements-dev.txt)")
    done = subprocess.run(
        # Frameworks warn of one another's doings.
        [sys.executable, "-W", "default" if framework else "error", str(LOOPS / f"{name}.py"), *args],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {key: float(value) for key, value in re.findall(r"(\w+) ([-\d.]+)", done.stdout.splitlines()[-1])}


def changes(name: str) -> list[str]:
    before, after = (
        (LOOPS / f).read_text(encoding="utf-8").splitlines() for f in (f"{name}.py", f"{name}_attached.py")
    )
    return list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_page_shows_the_difference_of_the_scripts(name):
    pages = [
        (DOCS / "how-to" / f"{page}.md").read_text(encoding="utf-8") for page in ("your-own-loop", "loops-compared")
    ]
    assert any("\n".join(changes(name)) in page for page in pages)


@pytest.mark.parametrize("name", SCRIPTS)
def test_at_most_five_lines_are_added_to_a_script_of_60_to_120(name):
    lines = changes(name)
    added, removed = (sum(line.startswith(sign) and line != sign for line in lines) for sign in "+-")
    assert 0 < added - removed <= 5 and removed <= 8
    assert 60 <= len((LOOPS / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize(
    ("name", "args", "factor"),
    [
        # float16 is slow on a CPU
        pytest.param("dcgan", "--half float16 --accumulate 2 --steps 10", 1.0, marks=pytest.mark.slow),
        pytest.param("dcgan", "--half bfloat16 --accumulate 2 --steps 60", 0.9, marks=pytest.mark.acceptance),
        pytest.param("vocoder", "--steps 100", 0.9, marks=pytest.mark.acceptance),
        *(
            pytest.param(name, "--steps 100", 0.9, marks=pytest.mark.acceptance)
            for name in SCRIPTS
            if name not in ("dcgan", "vocoder")
        ),
    ],
)
def test_with_the_lines_the_penalty_falls_and_the_average_makes_other_samples(name, args, factor):
    before, after = run(name, *args.split()), run(f"{name}_attached", *args.split())
    assert before.keys() == after.keys()
    assert after["slope"] < factor * before["slope"]  # r1 is its half: the squared gradient norm on reals
    (sample,) = before.keys() & {"bright", "radius", "error"}
    assert before[sample] != after[sample]
    assert 0 < after[sample] < 4 and after.get("steps") == before.get("steps")
