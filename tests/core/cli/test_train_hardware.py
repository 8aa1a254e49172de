"""`train --compile` and `--channels-last`; what `doctor` says of the processor."""

import json
import shutil
from pathlib import Path

import pytest

from command_line import Call


def test_the_flag_compiles_both_and_the_recipe_of_old_says_nothing_of_it(call: Call):
    text = call("train", "ring", "--dry-run", "--json", "--compile").data
    assert text["compile"] == "both"
    plain = call("train", "ring", "--dry-run", "--json").data
    assert "compile" not in plain and "channels_last" not in plain
    assert call("train", "ring", "--dry-run", "--compile", "--reg", "r1").code == 2


def numbers(run: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


@pytest.mark.acceptance
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch, about its own
@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling on a processor needs g++")
def test_a_compiled_run_that_goes_on_comes_to_the_same_bits(call: Call, tmp_path: Path):
    how = ("--compile", "--set", "evaluate_every=10", "--set", "checkpoint_every=10")
    assert call("train", "ring", "--steps", "20", *how, "--out", tmp_path / "whole").code == 0
    assert call("train", "ring", "--steps", "10", *how, "--out", tmp_path / "parts").code == 0
    whole, parts = (next((tmp_path / name).iterdir()) for name in ("whole", "parts"))
    recipe = (parts / "recipe.yaml").read_text()
    (parts / "recipe.yaml").write_text(recipe.replace("steps: 10\n", "steps: 20\n", 1))
    assert call("resume", parts).code == 0
    assert numbers(parts) == numbers(whole) and len(numbers(whole)) >= 4


def test_the_doctor_shows_the_processor(call: Call):
    checks = {check["what"]: check for check in call("doctor", "--json").data["checks"]}
    assert checks["processor"]["status"] == "ok" and "bf" in checks["processor"]["found"]
