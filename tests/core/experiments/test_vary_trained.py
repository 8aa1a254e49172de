"""Blocks that are trained: a study over settings from the command to results.csv, and a search that ends in one."""

import csv

import pytest

from detente import plugins as installed
from detente.experiments import compare as study
from detente.experiments import tune as tuning
from detente.experiments.preset import preset
from detente.recipe.keys import at
from detente.results.search import Tuning
from detente.results.study import Study
from searches import SMALL, InProcess, wish

pytestmark = pytest.mark.usefixtures("module_cache")
RATE = "discriminator.optimizer.lr"


@pytest.mark.slow
def test_each_block_is_trained_once_with_its_own_recipe_and_has_its_setting_in_the_table(tmp_path):
    out, here = tmp_path / "s", InProcess()
    how = {"out": out, "host": installed.host(), "executor": here, "sets": ["steps=10", *SMALL]}
    arms = ["none", "none with discriminator.optimizer.lr=x3"]
    study.compare(["dirac"], arms, 2, vary=["lr=/2,x2"], **how)
    found = Study.open(out)
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["setting"] for row in rows] == ["lr=/2", "lr=/2", "lr=x2", "lr=x2"] * 2
    rates = [at(found.recipe(cell), RATE) for cell in here.trained]
    assert rates == pytest.approx([rates[0]] * 2 + [4 * rates[0]] * 2 + [3 * rates[0]] * 2 + [12 * rates[0]] * 2)
    assert {row["status"] for row in rows} <= {"finished", "diverged"} and len(here.trained) == 8
    study.resume(out, host=installed.host(), executor=here)
    study.compare(["dirac"], arms, 2, **how)
    assert len(here.trained) == 8, "nothing is trained twice"
    study.compare(["dirac"], arms, 3, **how)
    assert [cell.seed for cell in here.trained[8:]] == [2, 10_002] * 2


@pytest.mark.slow
def test_a_search_compares_its_winner_at_several_settings(tmp_path):
    out, here = tmp_path / "t", InProcess()
    tuning.tune(wish(trials=2, seeds=1, steps=10, vary=["lr=/2,x2"]), out=out, host=installed.host(), executor=here)
    found = Tuning.open(out)
    assert found.fresh_seeds == [1000, 1001, 11_000, 11_001]
    assert [one.name for one in found.settings] == ["lr=/2", "lr=x2"]
    for rival in found.rivals:
        own = [found.rival_run(rival, seed) for seed in found.fresh_seeds]
        rate = at(rival.recipe, RATE)
        assert [at(recipe, RATE) for _, recipe in own] == pytest.approx([rate / 2] * 2 + [rate * 2] * 2)
        assert all(cell.status in ("finished", "diverged") for cell, _ in own)
    assert "spread over 2 settings (lr=/2; lr=x2)" in (out / "report.html").read_text(encoding="utf-8")
    trained = len(here.trained)
    tuning.resume(out, host=installed.host(), executor=here)
    assert len(here.trained) == trained


def test_a_study_file_may_vary_settings(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text('domains: [dirac]\narms: [none, "r1 with critic_steps=2"]\nvary: ["lr=/4,x1,x4"]\n')
    assert preset(str(path), installed.host()).vary == ["lr=/4,x1,x4"]
