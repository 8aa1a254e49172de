"""A recipe.yaml that somebody wrote is not replaced by a run in its folder."""

from pathlib import Path

import pytest

from command_line import SMALL, Call

WRITTEN = "# what I found out by hand\ndomain: ring\n"


@pytest.mark.parametrize(
    "more", [["--recipe", "mine/recipe.yaml"], ["ring"], ["ring", "--reg", "r1"], ["ring", "--seed", "3"]], ids=" ".join
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["train", "dry"])
def test_it_is_refused_and_the_file_stays(more: list[str], dry: list[str], call: Call) -> None:
    Path("mine").mkdir()
    Path("mine/recipe.yaml").write_text(WRITTEN)
    done = call("train", *more, *SMALL, "--folder", "mine", "-q", *dry)
    assert done.code == 2 and "mine: has a recipe.yaml that is not of this run" in done.err
    assert Path("mine/recipe.yaml").read_text() == WRITTEN
    assert [path.name for path in Path("mine").iterdir()] == ["recipe.yaml"]


def test_a_run_that_was_killed_before_its_record_begins_anew(call: Call) -> None:
    assert call("train", "ring", *SMALL, "--steps", "2", "--folder", "run", "-q").code == 0
    whole = Path("run/recipe.yaml").read_text()
    Path("other").mkdir()
    Path("other/recipe.yaml").write_text(whole)
    assert call("train", "ring", *SMALL, "--steps", "2", "--folder", "other", "-q").code == 0
    assert Path("other/metrics.jsonl").is_file()
