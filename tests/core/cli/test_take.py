"""What people take away: files of samples, exports, from a run that was moved and whose data are gone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from command_line import RING, Call


@pytest.mark.parametrize("n", [1, 20, 300])
def test_as_many_samples_are_written_as_were_asked_for(call: Call, trained: Path, n: int) -> None:
    done = call("sample", trained, "-n", n, "--out", "mine", "--json")
    assert (done.code, done.data["n"], done.data["files"]) == (0, n, ["mine/samples.npz"])
    assert np.load("mine/samples.npz")["x"].shape == (n, 2)
    assert Path("mine/preview.png").is_file()


def test_an_export_is_sampled_from_like_its_run(call: Call, trained: Path) -> None:
    done = call("export", trained, "--out", "model")
    assert done.out.splitlines()[-1] == "use with   detente sample model -n 16"
    for source, out in ((trained, "a"), ("model", "b")):
        assert call("sample", source, "-n", 9, "--seed", 4, "--out", out).code == 0
    assert np.array_equal(np.load("a/samples.npz")["x"], np.load("b/samples.npz")["x"])
    assert Path(call("sample", "model", "-n", 2).out.strip()).parent == Path("model")


@pytest.mark.slow
def test_a_study_gives_its_best_arm_or_the_one_that_is_named(call: Call) -> None:
    small = [*RING[2:-2], "--steps", "4", "--seeds", "1", "--jobs", "1", "--out", "study", "-q"]
    assert call("compare", "--domains", "ring", "--reg", "none", "--reg", "r1", *small).code == 0
    assert call("sample", "study", "--out", "best").code == 0
    done = call("sample", "study", "--arm", "r1", "-n", 5, "--out", "r1", "--json")
    assert "r1" in done.data["run"] and done.data["n"] == 5
    assert call("export", "study", "--arm", "none", "--out", "model").code == 0
    assert call("sample", "study", "--arm", "r7").code == 2
    assert "not a study folder" in call("sample", "model", "--arm", "r1").err


def test_a_class_is_refused_where_there_is_none_and_an_export_is_not_exported(call: Call, trained: Path) -> None:
    assert "takes no labels" in call("sample", trained, "--label", 1).err
    call("export", trained, "--out", "model")
    assert call("export", "model").code == 2


def test_a_moved_run_is_used_and_nothing_names_where_it_was(call: Call, trained: Path) -> None:
    shutil.copytree(trained, "moved")
    assert call("export", "moved", "--out", "model").code == 0
    text = "".join(Path("model", name).read_text() for name in ("model.json", "README.md", "recipe.yaml"))
    assert str(trained.parent) not in text
    assert json.loads(Path("model/model.json").read_text())["data"]["licence"] == "public domain"
