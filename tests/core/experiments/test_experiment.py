"""What every experiment does, whichever verb proposes its runs; with a proposer and an executor made for the test."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from detente import cli, plugins, recipe
from detente.errors import PluginError, StudyError, UsageError
from detente.experiments import compare as study
from detente.experiments import experiment, look, tune
from detente.experiments.executors.base import Board
from detente.experiments.experiment import Proposer
from detente.experiments.planning import existing, head
from detente.regularizers.r1 import R1
from detente.results.study import Study
from detente.toys.mixture import RingDomain
from detente.training.run_folder import Run
from duel import Better, Duel
from searches import InProcess, wish

pytestmark = pytest.mark.usefixtures("module_cache")
SETS = ["samples=50", "steps=4", "evaluate_every=4", "checkpoint_every=4", "data.size=64", "batch=4"]


def compare(out: Path, here: InProcess, arms=("none", "r1"), seeds=1, domain="dirac", **more: Any) -> Path:
    return study.compare([domain], arms, seeds, out=out, host=plugins.host(), sets=SETS, executor=here, **more)


def test_a_proposer_of_another_kind_needs_its_runs_and_nothing_else(tmp_path, here):
    plain = recipe.load(domain="dirac", sets=SETS, regs=["none"]).plain()
    del plain["seed"]
    boards: list[Board] = []

    def planned() -> Better:
        old = existing(Duel, tmp_path / "duel")
        content = {**head(old, Duel), "recipe": plain, "rates": [0.1, 0.2]}
        return Better(Duel(tmp_path / "duel", content), old, ["En garde."])

    report = experiment.start(planned, plugins.host(), here, boards.append, ["duel", "sql://me:secret@here"])
    assert report.read_text() == "a duel"
    assert [str(cell) for cell in here.trained][:2] == ["dirac / rate 0.1 / seed 0", "dirac / rate 0.2 / seed 0"]
    assert len(here.trained) == 3 and here.trained[2].seed == 1
    found = Duel.open(tmp_path / "duel")
    assert found.content["commands"] == [["duel", "sql://me:***@here"]]
    assert {finding["arm"] for finding in found.content["findings"]} <= {"rate 0.1", "rate 0.2"}
    assert len(found.results.read_text().splitlines()) == 1 + 3
    assert boards[0].notes == ("En garde.",)
    assert (boards[0].total, boards[-1].total, boards[-1].count("pending")) == (3, 3, 0)
    # Resumed, it has nothing left to do.
    resumed = Duel.open(tmp_path / "duel")
    experiment.resume(lambda: Better(resumed, resumed, []), plugins.host(), here, boards.append)
    assert len(here.trained) == 3


# One plan, one look at each recipe.


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> Counter[str]:
    """How often a function of a module is called."""
    calls: Counter[str] = Counter()
    real = getattr(module, name)

    def count(*args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, count)
    return calls


def test_a_study_is_planned_once_and_each_arm_looked_at_once(tmp_path, here, monkeypatch):
    loads, builds = counted(monkeypatch, study, "resolve"), counted(monkeypatch, look, "build")
    slugs = counted(monkeypatch, study, "slug")
    compare(tmp_path / "out", here, seeds=3)
    assert (loads["resolve"], builds["build"], slugs["slug"]) == (2, 2, 2)
    assert len(here.trained) == 6


def test_a_search_looks_at_each_distinct_recipe_once(tmp_path, here, monkeypatch):
    builds = counted(monkeypatch, look, "build")
    # The default, which is `none` too, and two ends of which one is the default.
    batch = wish(reg=[], search=["batch=choice:4,8"], trials=2, seeds=1)
    tune.tune(batch, out=tmp_path / "out", host=plugins.host(), executor=here)
    assert builds["build"] == 2


def test_a_study_that_changed_while_it_was_planned_is_merged_anew(tmp_path, here, monkeypatch):
    out = tmp_path / "out"
    real, others = experiment.findings, [["none", "l2"]]

    def findings(proposer: Proposer, host: Any, at_once: int | None = None) -> Any:
        if others:  # somebody else makes the same study in the meantime
            compare(out, InProcess(), others.pop())
        return real(proposer, host)

    monkeypatch.setattr(experiment, "findings", findings)
    compare(out, here)
    found = Study.open(out)
    assert [arm.text for arm in found.arms] == ["none", "l2", "r1"]
    assert len(found.content["commands"]) == 2
    assert [cell.arm.text for cell in here.trained] == ["r1"]


# What is refused, by a run and a dry run alike, before anything is written.

ILL_POSED = ["d:batch-norm+r1"]
NOWHERE = ["none", "l2(where=nowhere)", "d:dropout(where=nowhere)"]


@pytest.fixture
def strict(monkeypatch):
    """Toys take anything, because theory is about ill-posed games; this one is strict as other domains are."""
    monkeypatch.setattr(RingDomain, "refuses", True)


def refused(call) -> str:
    with pytest.raises((UsageError, PluginError)) as error:
        call()
    return str(error.value)


@pytest.mark.parametrize(("domain", "arms", "lines"), [("ring", ILL_POSED, 1), ("dirac", NOWHERE, 2)])
def test_a_dry_comparison_refuses_what_the_run_refuses_in_the_same_words(tmp_path, strict, here, domain, arms, lines):
    out = tmp_path / "out"
    run = refused(lambda: compare(out, here, arms, domain=domain))
    dry = refused(lambda: study.plan([domain], arms, 1, out=out, host=plugins.host(), sets=SETS))
    assert run == dry
    assert len(run.splitlines()) == lines
    assert all(line.startswith(f"{domain}, ") for line in run.splitlines())
    assert not out.exists()


@pytest.mark.parametrize(
    "more",
    [
        {"domain": "ring", "reg": ["d:batch-norm+r1"], "set": []},
        {"search": ["r1.gama=log:1..2"]},
        {"storage": "postgres://me:secret@here/db"},
        {"storage": "nonsense"},
    ],
)
def test_a_dry_search_refuses_what_the_run_refuses_in_the_same_words(tmp_path, strict, here, more):
    out = tmp_path / "out"
    run = refused(lambda: tune.tune(wish(**more), out=out, host=plugins.host(), executor=here))
    dry = refused(lambda: tune.plan(wish(**more), out=out, host=plugins.host()))
    assert run == dry
    assert "secret" not in run
    assert not out.exists()


def test_the_flag_refuses_too(tmp_path, strict, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["ring", "--reg", ILL_POSED[0], "-n"]
    assert cli.main(["compare", *words]) == 2
    assert "batch-norm" in capsys.readouterr().err
    assert cli.main(["tune", *words, "--search", "r1.gamma=log:1..2"]) == 2
    assert "batch-norm" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_finding_that_is_allowed_is_kept_with_the_study(tmp_path):
    found, _ = study.plan(
        ["ring"], ILL_POSED, 1, out=tmp_path / "out", host=plugins.host(),
        flags={"allow": ["batch-norm-under-input-gradient"]},
    )  # fmt: skip
    assert {"domain": "ring", "arm": ILL_POSED[0]}.items() <= found.content["findings"][0].items()


def test_a_cell_with_another_recipe_is_refused_before_the_manifest_changes(tmp_path, here):
    out = tmp_path / "out"
    compare(out, here)
    path = Study.open(out).cells[0].run.recipe
    path.write_text(path.read_text().replace("steps: 4", "steps: 5"))
    before = (out / "study.yaml").read_bytes()
    run = refused(lambda: compare(out, here, seeds=2))
    assert "is not the study's recipe for this cell" in run
    assert run == refused(lambda: study.plan(["dirac"], ["none", "r1"], 2, out=out, host=plugins.host(), sets=SETS))
    assert (out / "study.yaml").read_bytes() == before


def test_a_cell_whose_recipe_says_the_same_in_another_way_is_told_so(tmp_path, here):
    out = tmp_path / "out"
    compare(out, here)
    path = Study.open(out).cells[0].run.recipe
    path.write_text("# mine\n" + path.read_text())
    run = refused(lambda: compare(out, here, seeds=2))
    assert f"{path}: has the values of study.yaml, but their order, layout or comments are others." in run


# Locks.


def test_a_search_that_another_process_runs_is_left_alone(tmp_path, here):
    out = tmp_path / "out"
    tune.tune(wish(trials=1, seeds=1), out=out, host=plugins.host(), executor=here)
    with FileLock(out / ".lock"):
        told = {
            refused(lambda: tune.tune(wish(trials=1, seeds=1), out=out, host=plugins.host(), executor=here)),
            refused(lambda: tune.plan(wish(trials=1, seeds=1), out=out, host=plugins.host())),
            refused(lambda: tune.resume(out, host=plugins.host(), executor=here)),
        }
    assert told == {f"{out}: another process runs this search; wait for it, or stop it first."}


def test_a_study_may_be_worked_on_by_two_at_a_time(tmp_path):
    out = tmp_path / "out"
    inside, seen = threading.Event(), []

    def second(folder: Path, blocked: list[str]) -> int:
        if not inside.is_set():
            inside.set()
            compare(out, InProcess(), ["none", "l2"])  # takes the lock of the folder, which is free by now
            seen.append([arm.text for arm in Study.open(out).arms])
        return InProcess().train(folder, blocked)

    compare(out, InProcess(second))
    assert seen == [["none", "r1", "l2"]]
    assert len((out / "results.csv").read_text().splitlines()) == 1 + 3


# The end.


def test_what_failed_is_told_and_tried_again_by_a_study_and_not_by_a_search(tmp_path, here):
    def fails(folder: Path, blocked: list[str]) -> int:
        Run.create(folder, (folder / "recipe.yaml").read_text(), {"status": "failed", "error": "It broke."})
        return 1

    with pytest.raises(StudyError, match=r"^1 of 1 runs failed\. It is dirac / r1 / seed 0: It broke.*tries what"):
        compare(tmp_path / "study", InProcess(fails), ["r1"])
    compare(tmp_path / "study", here, ["r1"])
    assert here.trained[0].status == "finished"
    with pytest.raises(StudyError, match=r"shows all of them\.$"):
        tune.tune(wish(trials=1, seeds=1), out=tmp_path / "search", host=plugins.host(), executor=InProcess(fails))
    again = InProcess()
    with pytest.raises(StudyError):
        tune.resume(tmp_path / "search", host=plugins.host(), executor=again)
    assert again.trained == []


def test_results_and_a_report_are_written_when_an_executor_stops(tmp_path):
    def stops(folder: Path, blocked: list[str]) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(tmp_path / "out", InProcess(stops))
    assert "not finished yet" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert len((tmp_path / "out" / "results.csv").read_text().splitlines()) == 1 + 2


def test_r1_is_made_once_to_look_at_an_arm_and_once_by_each_worker(tmp_path, here, monkeypatch):
    """Resolving makes none, however many seeds there are."""
    made = counted(monkeypatch, R1, "__init__")
    study.plan(["dirac"], ["r1"], 3, out=tmp_path / "out", host=plugins.host(), sets=SETS)
    assert made["__init__"] == 1
    compare(tmp_path / "out", here, ["r1"])
    assert len(here.trained) == 1 and made["__init__"] == 1 + 2
