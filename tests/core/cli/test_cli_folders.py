"""Where experiments without --out go."""

from pathlib import Path

import pytest

from command_line import SMALL, Call
from detente.cli.folders import without_messages
from detente.results.cells import Cell

STUDY = ["compare", "ring", *SMALL[:4], "--batch", 16, "--steps", 4, "--seeds", 1, "--reg", "none", "--jobs", 1]


@pytest.mark.slow
def test_a_study_goes_into_a_numbered_folder_and_the_same_command_goes_on_only_where_it_is_unfinished(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(*STUDY, "-q").code == 0
    first = Path("studies/00001-ring")
    assert (first / "report.html").is_file()
    planned = call(*STUDY, "-n")
    assert planned.out.startswith("studies/00002-ring: 1 runs")
    assert "studies/00001-ring: the same command, finished" in planned.err
    monkeypatch.setattr(Cell, "status", "running")
    planned = call(*STUDY, "-n", "-v")  # what is shown is no other command
    assert planned.out.startswith("studies/00001-ring: 1 runs")
    assert "is resumed" in planned.err
    assert call(*STUDY, "-n", "--seeds", 2).out.startswith("studies/00002-ring: 2 runs")
    assert [path.name for path in Path("studies").iterdir()] == ["00001-ring"]


@pytest.mark.parametrize(
    "wrong",
    [["compare", "ring", "--reg", "nothing"], ["tune", "ring", "--reg", "r1"], ["compare", "nowhere", "--reg", "l2"]],
)
def test_what_is_refused_leaves_no_folder(call: Call, tmp_path: Path, wrong: list[str]) -> None:
    assert call(*wrong).code in (2, 3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        (["detente", "tune", "-q", "a"], ["detente", "tune", "a"]),
        (["a", "--jobs", "2", "b"], ["a", "b"]),
        (["a", "--jobs=2", "--json", "b", "-v"], ["a", "b"]),
        (["a", "--steps", "2"], ["a", "--steps", "2"]),
    ],
)
def test_how_a_command_is_shown_makes_no_other_command(typed: list[str], same: list[str]) -> None:
    assert without_messages(typed) == same
