"""Whole searches on a toy, from the call to the page, with cells that train in the test's own process."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from detente import cli, recipe
from detente import plugins as installed
from detente.errors import StudyError, UsageError
from detente.experiments import tune as tuning
from detente.experiments.executors.base import Board
from detente.experiments.executors.worker import train_cell
from detente.experiments.tune import plan
from detente.recipe.overlay import ROLES
from detente.report import tuning_report
from detente.results.cells import SETTLED
from detente.results.search import Tuning
from pages import Page
from searches import GAMMA, SMALL, InProcess, wish

pytestmark = pytest.mark.usefixtures("module_cache")


def test_a_search_ends_with_a_recipe_a_report_and_the_winner_on_fresh_seeds(tmp_path, here):
    out = tmp_path / "search"
    boards: list[Board] = []
    report = tuning.tune(wish(), out=out, host=installed.host(), executor=here, show=boards.append)
    found = Tuning.open(out)
    assert report == out / "report.html"
    assert [t.number for t in found.trials] == list(range(6))
    assert len(found.rivals) == 3
    assert not set(found.seeds) & set(found.fresh_seeds)
    trained = {(cell.arm.slug, cell.seed) for cell in here.trained}
    assert len(here.trained) == len(trained) == sum(len(t.scores) for t in found.trials) + 3 * 2
    assert all(cell.status in SETTLED and cell.run.recipe.is_file() for cell in here.trained)
    assert not [p for p in boards[-1].cells if p.status == "pending"]
    winner = found.winner
    assert winner is not None
    ready = recipe.load(found.best)
    assert ready.discriminator.regularizers["r1"]["gamma"] == winner.params[GAMMA]
    assert cli.main(["train", "--recipe", str(found.best), "--folder", str(tmp_path / "run"), "-q"]) == 0
    rows = (out / "results.csv").read_text().splitlines()
    assert len(rows) == 1 + len(here.trained)
    page = Page(report.read_text(encoding="utf-8"))
    assert "On 2 fresh seeds r1.gamma=" in page.text
    assert "6 trials, " in page.text
    # Once more: everything is there already.
    before = report.read_text(encoding="utf-8")
    tuning.resume(out, host=installed.host(), executor=here)
    assert len(here.trained) == len(trained)
    assert report.read_text(encoding="utf-8") == before


def test_several_coefficients_of_both_players_and_a_rate_are_searched_together(tmp_path, here):
    texts = ["r1.gamma=log:0.1..10", "ema.half_life=lin:1..9", "generator.optimizer.lr=log:0.01..0.5"]
    plays = ["objective=wasserstein", *(f"{side}.optimizer={{name: sgd, lr: 0.2}}" for side in ROLES)]
    many = wish(reg=["r1+g:ema"], search=texts, sampler="tpe", trials=12, seeds=1, set=[*SMALL, *plays])
    report = tuning.tune(many, out=tmp_path / "search", host=installed.host(), executor=here)
    found = Tuning.open(tmp_path / "search")
    winner = found.winner
    assert winner is not None
    ready = recipe.load(found.best)
    values = [
        ready.discriminator.regularizers["r1"]["gamma"],
        ready.generator.regularizers["ema"]["half_life"],
        ready.generator.optimizer.options["lr"],
    ]
    assert values == list(winner.params.values())
    assert found.recipe(winner.params)["generator"]["optimizer"]["lr"] == values[2]
    assert found.importance.keys() == found.labels.keys()
    page = Page(report.read_text(encoding="utf-8"))
    assert len([a for a in page.all("svg") if a["class"] == "chart"]) == 3
    assert "What mattered" in page.text


@pytest.mark.slow
def test_worker_processes_train_a_search(tmp_path):
    out = tmp_path / "search"
    boards: list[Board] = []
    one = wish(reg=[], search=["batch=choice:4,8"], sampler="grid", trials=2, seeds=1)
    tuning.tune(one, out=out, host=installed.host(), jobs=2, show=boards.append)
    found = Tuning.open(out)
    cells = [cell for cell, _ in found.runs()]
    assert len(cells) == 2 + 2 * len(found.rivals)
    assert {cell.status for cell in cells} == {"finished"}
    assert all(cell.info["argv"][1] == "train" for cell in cells)
    assert boards[-1].count("finished") == len(cells) == len(boards[-1].cells)
    assert any("best so far" in note for note in boards[-1].notes)


@pytest.mark.slow
def test_a_search_stopped_between_runs_ends_the_same(tmp_path, here):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    tuning.tune(wish(sampler="tpe", trials=8), out=whole, host=installed.host(), executor=here)
    left = 5

    def stops(folder: Path, blocked: list[str]) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return train_cell(folder, blocked)

    with pytest.raises(KeyboardInterrupt):
        tuning.tune(wish(sampler="tpe", trials=8), out=cut, host=installed.host(), executor=InProcess(stops))
    assert (cut / "report.html").is_file()
    tuning.resume(cut, host=installed.host(), executor=InProcess(backwards=True))
    a, b = Tuning.open(whole), Tuning.open(cut)
    assert a.trials == b.trials
    assert a.rivals == b.rivals
    assert (whole / "best.yaml").read_bytes() == (cut / "best.yaml").read_bytes()


def test_a_search_of_another_kind_is_refused_and_the_difference_named(tmp_path, here):
    out = tmp_path / "search"
    tuning.tune(wish(trials=2, seeds=1), out=out, host=installed.host(), executor=here)
    with pytest.raises(UsageError, match=r"sampler is 'random' in the search but 'tpe' in this command"):
        plan(wish(trials=2, seeds=1, sampler="tpe"), out=out, host=installed.host())
    with pytest.raises(UsageError, match="trials is 2 in the search and 1"):
        plan(wish(trials=1, seeds=1), out=out, host=installed.host())
    with pytest.raises(UsageError, match=r"recipes\.default\.steps is 20 in the search but 30"):
        plan(wish(trials=2, seeds=1, steps=30), out=out, host=installed.host())
    tuning.tune(wish(trials=4, seeds=1), out=out, host=installed.host(), executor=here)  # a random search can grow
    assert len(Tuning.open(out).trials) == 4
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(UsageError, match="not empty, and not a search folder"):
        plan(wish(), out=tmp_path / "other", host=installed.host())


def test_a_diverged_run_counts_as_zero_and_a_failed_one_is_told(tmp_path, here):
    # Without a limit on its step the critic of a linear game overflows.
    blown = wish(reg=[], search=["discriminator.optimizer.lr=choice:0.1,1e30"], trials=2, seeds=1, set=[
        *SMALL, "objective=wasserstein", "discriminator.optimizer.name=sgd", "generator.optimizer={name: sgd, lr: 1e30}"
    ])  # fmt: skip
    tuning.tune(blown, out=tmp_path / "blown", host=installed.host(), executor=here)
    found = Tuning.open(tmp_path / "blown")
    assert {t.status for t in found.trials} == {"complete"}
    assert any(found.trial_cell(t, 0).status == "diverged" and t.scores == {0: 0.0} for t in found.trials)
    assert len(found.rivals) == 2  # without a chain the default is `none`

    def fails(folder: Path, blocked: list[str]) -> int:
        (folder / "run.json").write_text(json.dumps({"format": 1, "status": "failed", "error": "It broke."}))
        return 1

    with pytest.raises(StudyError, match=r"2 of 2 runs failed.*It broke"):
        tuning.tune(wish(trials=2, seeds=1), out=tmp_path / "failed", host=installed.host(), executor=InProcess(fails))
    assert "No trial has a score: 2 failed or could not be measured." in (
        tmp_path / "failed" / "report.html"
    ).read_text(encoding="utf-8")


def test_steps_until_a_score_are_a_measure(tmp_path, here):
    fast = wish(search=["r1.gamma=choice:0,1.8"], metric="distance<0.1", trials=2, seeds=1, steps=60, set=[
        *SMALL, "objective=wasserstein",
        *(f"{side}.optimizer={{name: sgd, lr: 0.2}}" for side in ("generator", "discriminator")),
    ])  # fmt: skip
    tuning.tune(fast, out=tmp_path / "search", host=installed.host(), executor=here)
    found = Tuning.open(tmp_path / "search")
    winner = found.winner
    assert winner is not None
    assert winner.params[GAMMA] == 1.8
    assert winner.mean == pytest.approx(1 - 20 / 60) or winner.mean == pytest.approx(1 - 30 / 60)


@pytest.mark.slow
def test_the_command_says_what_it_would_do_and_what_it_did(tmp_path, here, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tuning, "LocalExecutor", lambda jobs, block: here)
    words = ["tune", "dirac", "--reg", "r1", "--search", "r1.gamma=log:0.01..10", "--sampler", "grid", "--trials", "3"]
    words += ["--seeds", "1", "--fresh", "2", "--steps", "20", "--out", "search"]
    words += [word for text in SMALL for word in ("--set", text)]
    assert cli.main([*words, "-n"]) == 0
    assert "3 trials by grid with 1 seed(s) each: 3 runs at most, of 20 steps" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert cli.main([*words, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [t["status"] for t in data["trials"]] == ["complete"] * 3
    assert data["fresh"][0]["roles"][0] == "winner"
    assert cli.main(["resume", "search"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "next    detente train --recipe search/best.yaml"
    assert cli.main(["report", "search"]) == 0
    assert capsys.readouterr().out.strip() == "search/report.html"
    assert cli.main(["tune", "dirac", "--reg", "r1", "--search", "r1.gama=log:1..2"]) == 2
    assert capsys.readouterr().err.strip().endswith("Did you mean 'gamma'?")


def test_a_password_is_not_kept(tmp_path, here):
    pytest.importorskip("sqlalchemy")
    with pytest.raises(UsageError, match=r"--storage postgresql\+none://me:\*\*\*@host/db: cannot be opened"):
        tuning.tune(
            wish(storage="postgresql+none://me:secret@host/db"),
            out=tmp_path / "search",
            host=installed.host(),
            command=["detente", "tune", "--storage", "postgresql+none://me:secret@host/db"],
        )
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]


def test_searches_are_kept_as_yaml_that_reads_back(tmp_path, here):
    tuning.tune(wish(trials=2, seeds=1), out=tmp_path / "search", host=installed.host(), executor=here)
    content = yaml.safe_load((tmp_path / "search" / "tuning.yaml").read_text())
    assert content["search"] == [{"label": "r1.gamma", "key": GAMMA, "range": "log:0.01..10"}]
    shutil.rmtree(tmp_path / "search" / "cells")
    assert tuning_report(tmp_path / "search").is_file()
