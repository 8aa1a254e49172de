"""Studies end to end, on a toy that trains in a second; most of the time goes to starting workers."""

import csv
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from detente import plugins
from detente.errors import StudyError, UsageError
from detente.experiments import compare as study
from detente.experiments.executors.base import Board
from detente.results.study import Study

SETS = ["samples=100", "steps=60", "evaluate_every=30", "checkpoint_every=10", "data.size=2000", "metrics=[frechet]"]
ARMS = ["none", "r1"]
pytestmark = pytest.mark.usefixtures("module_cache")


def compare(out: Path, arms=ARMS, seeds=2, **more) -> Path:
    return study.compare(["pair"], arms, seeds, out=out, host=plugins.host(), **{"sets": SETS, "jobs": 1, **more})


@pytest.fixture(scope="module")
def finished(module_cache, tmp_path_factory) -> Path:
    """A study of two arms and two seeds, one worker at a time."""
    return compare(tmp_path_factory.mktemp("studies") / "one").parent


def rows(folder: Path, timing: bool = False) -> list[dict[str, str]]:
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if timing or not k.startswith(("seconds", "memory"))} for row in found]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def workers(folder: Path) -> list[int]:
    """Processes that train a cell of a study."""
    found = []
    for path in Path("/proc").glob("[0-9]*/fd/1"):
        with suppress(OSError):
            if os.readlink(path).startswith(str(folder)):  # its output goes to the cell's log
                found.append(int(path.parts[2]))
    return found


def wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.02)


@pytest.mark.slow
def test_every_cell_has_a_row_in_the_order_of_the_study(finished):
    found = rows(finished, timing=True)
    assert [(r["domain"], r["arm"], r["seed"]) for r in found] == [
        ("pair", arm, seed) for arm in ARMS for seed in ("0", "1")
    ]
    assert {r["status"] for r in found} == {"finished"}
    for row in found:
        assert row["raw"] == row[row["primary"]]
        assert 0 <= float(row["scaled_final"]) <= float(row["scaled_best"]) <= 1
    assert list(found[0])[-2:] == ["seconds", "seconds_per_step"]


def test_arms_share_the_reference_rows_of_a_seed(finished):
    by_seed = {
        seed: {(r["floor"], r["baseline"], r["ceiling"]) for r in rows(finished) if r["seed"] == seed} for seed in "01"
    }
    assert len(by_seed["0"]) == len(by_seed["1"]) == 1
    assert by_seed["0"] != by_seed["1"]


def test_a_finished_study_is_not_run_again(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.glob("cells/**/run.json")}
    boards: list[Board] = []
    compare(finished, show=boards.append)
    assert {path: path.stat().st_mtime_ns for path in finished.glob("cells/**/run.json")} == before
    assert boards[-1].count("finished") == 4


def test_another_recipe_for_a_cell_is_refused_and_the_difference_named(finished):
    before = (finished / "study.yaml").read_bytes()
    with pytest.raises(UsageError, match=r"pair: none: steps is 60 in the study but 50 in this command"):
        compare(finished, flags={"steps": 50})
    assert (finished / "study.yaml").read_bytes() == before


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes in /proc")
def test_a_study_whose_parent_was_killed_goes_on_to_the_same_numbers_with_two_workers(finished, tmp_path):
    out = tmp_path / "two"
    program = (
        "from pathlib import Path; from detente import plugins; from detente.experiments import compare as study;"
        f"study.compare(['pair'], {ARMS}, 1, out=Path({str(out)!r}), host=plugins.host(), sets={SETS}, jobs=2)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    try:
        wait_for(lambda: any(path.stat().st_size for path in out.glob("cells/*/*/*/metrics.jsonl")), 120)
        assert len(workers(out)) == 2
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not workers(out))  # nobody trains on without the parent
    assert {each.status for each in Study.open(out).cells} != {"finished"}
    compare(out, seeds=1, jobs=2)
    assert rows(out) == [row for row in rows(finished) if row["seed"] == "0"]


@pytest.mark.slow
def test_failed_and_diverged_cells_are_kept_and_counted_and_a_killed_worker_is_replaced(finished, tmp_path):
    out = tmp_path / "three"
    killed: list[int] = []

    def kill(board: Board) -> None:
        """The first as soon as it has a checkpoint, and the last whenever it runs."""
        for progress in board.running:
            if progress.cell.arm.text == "l2":
                for pid in workers(progress.cell.folder):
                    os.kill(pid, signal.SIGKILL)
            elif not killed and any(progress.cell.folder.glob("checkpoints/*.pt")):
                killed.extend(workers(progress.cell.folder))
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detente.experiments.executors.tracker.SHOW", 0.0)
        with pytest.raises(StudyError, match=r"1 of 3 runs failed.*report\.html") as error:
            compare(out, ["none", "r1(gamma=1e39)", "l2"], 1, show=kill)
    assert error.value.exit_code == 5
    none, diverged, failed = rows(out)
    assert killed
    assert not any(map(alive, killed))
    # It went on from its checkpoint, to where it would have come without being killed.
    assert none == next(row for row in rows(finished) if (row["arm"], row["seed"]) == ("none", "0"))
    assert (diverged["status"], diverged["scaled_final"], diverged["raw"]) == ("diverged", "0.0", "")
    assert "not finite" in diverged["reason"]
    assert (failed["status"], failed["scaled_final"]) == ("failed", "")
    assert "SIGKILL" in failed["reason"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "1 of 3 runs finished, 1 diverged (counted with score 0), 1 failed (left out of the means)." in page


@pytest.mark.slow
def test_a_disk_that_is_full_costs_what_did_not_fit_and_the_same_command_goes_on(finished, tmp_path):
    out = tmp_path / "four"
    # A limit on the size of a file makes every checkpoint fail halfway, as a full disk does; records still fit.
    program = (
        "import resource; from pathlib import Path; from detente import plugins;"
        "from detente.experiments import compare as study;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000));"
        f"study.compare(['pair'], ['r1'], 1, out=Path({str(out)!r}), host=plugins.host(), sets={SETS}, jobs=1)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert {each.status for each in Study.open(out).cells} == {"failed"}
    assert not list(out.glob("cells/**/*.partial"))
    compare(out, ["r1"], 1)
    assert rows(out) == [row for row in rows(finished) if (row["arm"], row["seed"]) == ("r1", "0")]


def test_a_study_that_cannot_write_its_own_files_says_so_and_goes_on_later(finished, tmp_path, monkeypatch):
    """The parent's own writes meet a full disk: nothing that was there is lost."""
    out = tmp_path / "five"

    def full(path, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr("detente.results.manifest.write_atomically", full)
        with pytest.raises(OSError, match="No space left"):
            compare(out, seeds=1)
    assert not list(out.glob("cells"))  # it was told before anything trained
    shutil.copytree(finished, out, dirs_exist_ok=True)
    with monkeypatch.context() as patch:
        patch.setattr("detente.results.manifest.write_atomically", full)
        with pytest.raises(OSError, match="No space left"):
            compare(out)
    compare(out)
    assert rows(out) == rows(finished)


def test_an_arm_that_cannot_sit_anywhere_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        compare(tmp_path / "none", ["none", "l2(where=nowhere)"], 1)
    assert not (tmp_path / "none").exists()


def plan(out: Path, **more):
    call = {"domains": ["pair"], "arms": ARMS, "seeds": 2, "sets": SETS, **more}
    return study.plan(call.pop("domains"), call.pop("arms"), call.pop("seeds"), out=out, host=plugins.host(), **call)[0]


def test_a_plan_writes_nothing(tmp_path):
    planned = plan(tmp_path / "new")
    assert len(planned.cells) == 4
    assert not (tmp_path / "new").exists()


def test_a_study_grows_by_arms_and_seeds(tmp_path):
    first = plan(tmp_path / "new", arms=["none"], seeds=1)
    first.write()
    second = plan(tmp_path / "new", arms=["r1"], seeds=[0, 3])
    assert [str(c) for c in second.cells] == [
        f"pair / {arm} / seed {seed}" for arm in ("none", "r1") for seed in (0, 3)
    ]


def test_all_that_is_wrong_in_the_arms_is_said_at_once(tmp_path):
    with pytest.raises(UsageError) as error:
        plan(tmp_path / "new", arms=["none", "r1(gama=1)", "l3"])
    assert "gama" in str(error.value)
    assert "l3" in str(error.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"arms": ["r1", "d:r1"]}, "'r1' and 'd:r1' give the same recipe"),
        ({"arms": []}, "at least one arm"),
        ({"seeds": 0}, "at least one seed"),
        ({"seeds": [-1]}, "-1 is negative"),
        ({"domains": ["pear"]}, "pair"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(tmp_path, call, message):
    with pytest.raises(UsageError, match=message):
        plan(tmp_path / "new", **call)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("…")
    with pytest.raises(UsageError, match="not empty, and not a study folder"):
        compare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_damaged_or_foreign_study_is_named(finished, tmp_path):
    (tmp_path / "study.yaml").write_text("format: 1\ndomains: [pair]\n")
    with pytest.raises(UsageError, match=r"study\.yaml: seeds: is missing; correct it"):
        Study.open(tmp_path)
    (tmp_path / "study.yaml").write_text("format: 99\n")
    with pytest.raises(UsageError, match="format 99"):
        Study.open(tmp_path)
    with pytest.raises(UsageError, match="not a study folder"):
        study.resume(tmp_path / "nowhere", host=plugins.host())


def test_a_cell_with_a_recipe_of_its_own_is_refused(finished, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    path = Study.open(copy).cells[0].run.recipe
    path.write_text(path.read_text().replace("steps: 60", "steps: 61"))
    with pytest.raises(UsageError, match="not the study's recipe"):
        compare(copy)


def test_a_change_of_versions_is_noted(finished, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    old = Study.open(copy)
    old.content["versions"][-1]["torch"] = "1.0"
    old.write()
    boards: list[Board] = []
    study.resume(copy, host=plugins.host(), show=boards.append)
    assert "torch 1.0 →" in boards[-1].notes[0]
    assert len(Study.open(copy).content["versions"]) == 2


def test_every_arms_budget_is_said_and_a_difference_would_be(tmp_path):
    planned = plan(tmp_path / "new")
    assert planned.budget("pair").startswith("60 steps, ")
    assert planned.budget("pair").endswith("2 seeds")
    planned.content["recipes"]["pair"][planned.arms[1].slug]["steps"] = 61
    assert "60 or 61 steps (not the same for all arms)" in planned.budget("pair")
