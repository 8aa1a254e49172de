"""`compare` on the command line."""

from pathlib import Path

import pytest

from command_line import SMALL, Call


@pytest.mark.slow
def test_compare_trains_every_cell_and_can_be_planned_first(call: Call, tmp_path: Path) -> None:
    study = ["ring", *SMALL[:4], "--batch", 16, "--steps", 5, "--seeds", 1, "--reg", "none", "--out", "study"]
    planned = call("compare", *study, "-n", "--json")
    assert planned.data["cells"] == 1
    assert list(tmp_path.iterdir()) == []
    done = call("compare", *study, "--jobs", 1, "--json")
    assert [(cell["arm"], cell["status"]) for cell in done.data["cells"]] == [("none", "finished")]
    assert Path(done.data["report"]).is_file()
    assert call("resume", "study", "-q", "--jobs", 2).code == 0
    for flag, value in (("--device", "cpu"), ("--threads", 1)):
        refused = call("resume", "study", flag, value)
        assert (refused.code, "study: has many runs" in refused.err) == (2, True)
    (cell,) = Path("study").rglob("recipe.yaml")
    refused = call("resume", cell.parent, "--jobs", 2)
    assert (refused.code, "is a single run; --jobs only works for a study or a search" in refused.err) == (2, True)
    assert call("report", "study").out.strip() == "study/report.html"
