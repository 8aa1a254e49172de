"""`compare --against`, and what a study's terminal names in the end."""

import shlex

from command_line import SMALL, Call
from detente.recipe.document import read


def test_a_study_is_compared_with_the_arm_that_was_named_and_names_its_best_run(call: Call, tmp_path) -> None:
    words = ["ring", *SMALL[:4], "--batch", 16, "--steps", 5, "--seeds", 1, "--reg", "l2", "--reg", "r1"]
    words += ["--out", "my study", "--jobs", 1]
    planned = call("compare", *words, "-n")
    assert "arms are compared with “l2”" in planned.out
    refused = call("compare", *words, "--against", "r2")
    assert (refused.code, "--against r2: is not an arm of the study; its arms are l2, r1." in refused.err) == (2, True)
    assert list(tmp_path.iterdir()) == []
    done = call("compare", *words, "--against", "r1")
    assert done.code == 0
    assert read(tmp_path / "my study" / "study.yaml")["against"] == "r1"
    (command,) = [line.strip() for line in done.out.splitlines() if line.strip().startswith("detente sample ")]
    assert "detente sample 'my study/cells/ring/" in command
    sampled = call(*shlex.split(command)[1:])
    assert sampled.code == 0
    assert sampled.out.startswith("my study/cells/ring/")
    again = call("compare", *words, "--json")  # without the flag the study keeps what it was told
    assert again.data["against"] == "r1"
    assert set(again.data["best"]) == {"ring"}
    assert call("compare", *words, "--against", "l2", "--json").data["against"] == "l2"
