"""`tune` on the command line: what it plans and what it refuses."""

from pathlib import Path

import pytest

from command_line import SMALL, Call

TUNE = [
    "tune",
    "ring",
    *SMALL[:4],
    "--batch",
    16,
    "--steps",
    5,
    "--reg",
    "r1",
    "--search",
    "r1.gamma=log:0.01..100",
    "--trials",
    3,
]


def test_a_search_can_be_planned_without_writing_anything(call: Call, tmp_path: Path) -> None:
    done = call(*TUNE, "--out", "search", "-n")
    assert done.code == 0
    assert done.out.startswith("search: ring with ")
    assert "then the winner, the default and none on" in done.out
    assert call(*TUNE, "--out", "search", "-n", "--json").data["points"] == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tune"], "tune needs a DOMAIN, or a --recipe that names one"),
        (["tune", "ring", "--reg", "r1"], "tune needs an option to search, such as --search"),
        ([*TUNE, "--sampler", "nothing"], "nothing"),
        ([*TUNE, "--seeds", "few"], "--seeds few"),
    ],
)
def test_a_search_that_cannot_be_is_one_sentence_and_exit_code_2(
    call: Call, tmp_path: Path, arguments: list[object], message: str
) -> None:
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
