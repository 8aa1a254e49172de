"""`check` refuses what training would refuse."""

from pathlib import Path

import pytest

from command_line import SMALL, Call


@pytest.mark.parametrize(
    "wrong",
    [
        ["--reg", "d:batch-norm+r1"],
        ["--device", "cuda:99"],
        ["--log", "nowhere"],
        ["--reg", "d:dropout(where=nothing)"],
        ["--folder", "another"],
    ],
    ids=lambda words: words[1],
)
def test_check_and_a_dry_run_refuse_what_training_refuses(
    call: Call, monkeypatch: pytest.MonkeyPatch, wrong: list[str]
) -> None:
    monkeypatch.setattr("detente.toys.critics.CriticsDomain.refuses", True)  # toys take anything of themselves
    call("train", "ring", *SMALL, "--steps", 5, "--folder", "another", "-q")
    train = ["train", "critics", *wrong, "-q"]
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    done, dry = call(*train), call(*train, "--dry-run")
    assert (dry.code, dry.out, dry.err) == (2, "", done.err)
    assert done.code == 2
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before
    if wrong[0] == "--reg":
        assert call("check", "--domain", "critics", *wrong).code == 2
