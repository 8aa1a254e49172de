"""What a study.yaml says."""

from pathlib import Path

import pytest

from detente.errors import UsageError
from detente.results.study import Study
from pages import write_study


def test_cells_come_a_domain_after_the_other_and_their_seeds_in_ascending_order(tmp_path):
    study = write_study(tmp_path, domains=["pair", "ring"], seeds=[3, 1])
    assert [str(cell) for cell in study.cells] == [
        f"{domain} / {arm} / seed {seed}" for domain in ("pair", "ring") for arm in ("none", "r1") for seed in (1, 3)
    ]
    assert study.cells[0].folder == tmp_path / "cells" / Path("pair", "arm-0", "1")
    assert [recipe["seed"] for _, recipe in study.runs()] == [1, 3] * 4


@pytest.mark.parametrize(("arms", "none"), [(["r1", " none "], " none "), (["r1", "d:none"], None)])
def test_the_arm_without_a_regularizer_is_known_by_its_name(tmp_path, arms, none):
    found = write_study(tmp_path, arms).none
    assert (found and found.text) == none


def test_a_budget_names_what_differs_between_the_arms(tmp_path):
    study = write_study(tmp_path, seeds=[0])
    recipes = study.content["recipes"]["pair"]
    recipes["arm-0"]["batch"] = recipes["arm-1"]["batch"] = 4
    assert study.budget("pair") == "20 steps, 4 samples per batch, 1 seed"
    recipes["arm-1"]["steps"] = 30
    assert study.budget("pair").startswith("20 or 30 steps (not the same for all arms), ")


@pytest.mark.parametrize("lost", ["arms", "domains", "recipes", "seeds"])
def test_a_study_that_lacks_something_is_refused_when_it_is_opened(tmp_path, lost):
    study = write_study(tmp_path)
    assert Study.open(tmp_path).content == study.content
    del study.content[lost]
    study.write()
    with pytest.raises(UsageError, match=rf"study\.yaml: {lost}[a-z0-9.-]*: is missing; .*new --out"):
        Study.open(tmp_path)
