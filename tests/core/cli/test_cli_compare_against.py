"""`compare --against`, and what a study's terminal names in the end."""

import json
import shlex
from pathlib import Path

import pytest

from command_line import SMALL, Call
from detente.recipe.document import read


@pytest.mark.slow
def test_a_study_is_compared_with_the_arm_that_was_named_and_names_its_best_run(call: Call, tmp_path: Path) -> None:
    words = ["ring", *SMALL[:4], "--batch", 16, "--steps", 5, "--seeds", 1, "--reg", "l2", "--reg", "r1"]
    words += ["--out", "my study", "--jobs", 1]
    assert "arms are compared with “l2”" in call("compare", *words, "-n").out
    refused = call("compare", *words, "--against", "r2")
    assert (refused.code, "--against r2: is not an arm of the study; its arms are l2, r1." in refused.err) == (2, True)
    assert list(tmp_path.iterdir()) == []

    done = call("compare", *words, "--against", "r1")
    assert done.code == 0
    assert read(tmp_path / "my study" / "study.yaml")["against"] == "r1"
    assert "detente sample" not in done.out  # after five steps no run is above an untrained generator
    record = next((tmp_path / "my study" / "cells" / "ring").glob("l2*/0/run.json"))
    info = json.loads(record.read_text())
    info["final"]["scaled"] = info["best"]["scaled"] = 0.5
    record.write_text(json.dumps(info))

    again = call("compare", *words)
    (command,) = [line.strip() for line in again.out.splitlines() if line.strip().startswith("detente sample ")]
    assert "best on ring: “l2”, seed 0, scaled 0.5" in again.out
    assert command.startswith("detente sample 'my study/cells/ring/l2")
    sampled = call(*shlex.split(command)[1:])
    assert (sampled.code, sampled.out.startswith("my study/cells/ring/l2")) == (0, True)
    kept = call("compare", *words, "--json").data  # without the flag the study keeps what it was told
    assert (kept["against"], Path(kept["best"]["ring"]), kept["study"]) == (
        "r1",
        record.parent.relative_to(tmp_path),
        "my study",
    )
    assert call("compare", *words, "--against", "l2", "--json").data["against"] == "l2"
