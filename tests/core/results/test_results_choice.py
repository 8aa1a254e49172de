"""A selection's folder: how far it is follows from its runs; what is damaged is named."""

from pathlib import Path
from typing import Any

import pytest

from choices import LEVELS, RECIPE, content, written
from detente.errors import UsageError
from detente.recipe.document import dump
from detente.results.choice import Choice
from detente.results.chosen import recommended_run
from detente.results.reading import read


def test_what_comes_next_follows_from_the_runs_that_are_there(tmp_path):
    counts = []
    for most in (0, 3, 11, 20, 27, 1000):
        choice = written(tmp_path / str(most), LEVELS, most)
        done = sum(choice.score(cell) is not None for cell, _ in choice.runs())
        counts.append((done, choice.complete, choice.chosen and choice.chosen.text))
    assert [done for done, _, _ in counts[:5]] == [0, 3, 11, 20, 27]
    assert [chosen for _, _, chosen in counts] == [None, None, None, None, "b", "b"]
    assert [whole for _, whole, _ in counts] == [False] * 5 + [True]
    assert counts[5][0] == 40


def test_the_recommended_arm_is_none_where_the_best_fell_behind(tmp_path):
    choice = written(tmp_path / "x", {**LEVELS, "b": 0.3})
    assert choice.chosen is not None and choice.chosen.text == "a"
    assert choice.recommended == choice.none
    assert recommended_run(choice.folder).arm == choice.none


def test_the_best_run_of_the_recommended_arm_is_the_one_to_use(tmp_path):
    cell = recommended_run(written(tmp_path / "x", LEVELS).folder)
    assert cell.arm.text == "b" and cell.seed % 7 == 6
    with pytest.raises(UsageError, match="no run of it has finished yet"):
        recommended_run(written(tmp_path / "y", LEVELS, 0).folder)


def test_blocks_are_seeds_and_settings_in_turn_and_fresh_ones_are_apart():
    varied = [{"name": f"lr={v}", "values": {"lr": v}, "changes": {}} for v in ("/2", "x1", "x2")]
    choice = Choice(Path("x"), content(settings=varied, cells=60))
    assert [choice.seed(i, fresh=False) for i in range(5)] == [0, 10_000, 20_000, 1, 10_001]
    assert [choice.seed(i, fresh=True) for i in range(4)] == [1060, 11_060, 21_060, 1061]
    assert [choice.cell("pair", choice.none, seed).setting for seed in (1060, 11_060, 1)] == ["lr=/2", "lr=x1", "lr=/2"]
    larger = Choice(Path("x"), content(cells=120))
    assert not {larger.seed(i, fresh=True) for i in range(40)} & {
        Choice(Path("x"), content(cells=60)).seed(i, fresh=True) for i in range(20)
    }


def test_a_small_budget_tries_the_first_candidates_and_says_so_of_the_rest():
    many = [{"text": f"k{i}", "slug": f"k{i}", "family": "many"} for i in range(30)]
    choice = Choice(Path("x"), content(candidates=many, cells=60))
    assert [arm.text for arm in choice.tried] == [f"k{i}" for i in range(21)]
    assert choice.cut == {"many": [f"k{i}" for i in range(21, 30)]}
    assert choice.refused == [{"text": "d", "family": "letters", "why": "is refused"}]


def test_before_a_time_is_turned_into_runs_there_is_one_run_to_time(tmp_path):
    choice = Choice(tmp_path, content(cells=None, budget=600.0))
    ((cell, plain),) = choice.runs()
    assert (cell.arm.text, cell.seed, plain["seed"]) == ("none", 0, 0)
    assert choice.selection is None and not choice.complete and choice.recommended is None


def test_its_tables_are_read_like_those_of_a_study(tmp_path):
    tables = read(written(tmp_path / "x", LEVELS).folder, pandas=False)
    assert {row["arm"] for row in tables.runs} == set(LEVELS)
    assert all(row["scaled"] == 0.0 for row in tables.runs if row["arm"] == "c")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"cells": 7}, "cells: 7 are too few"),
        ({"cells": "many"}, "cells: should be an integer"),
        ({"recipes": {"none": RECIPE, "a": RECIPE, "b": RECIPE}}, "recipes.c: is missing"),
        ({"candidates": []}, "candidates"),
        ({"candidates": [{"text": "a", "slug": "../a"}]}, "cannot be the name of a folder"),
        ({"budget": -1.0}, "budget"),
        ({"settings": [{"name": "x", "values": {"lr": "x2"}, "changes": {"pair": {"a": {"no.key": 1}}}}]}, "settings"),
        ({"format": 2}, "has format 2"),
        ({"cells": None}, "cells: is missing, and so is budget"),
        ({"domain": "ring"}, "the recipes of domain ring are of pair"),
        ({"primary": {"score": "frechet", "log": False}}, "primary.direction: is missing"),
        ({"settings": [{"name": "x", "values": {"lr": "x2"}}]}, "settings: x: changes: pair.none: is missing"),
    ],
)
def test_what_is_damaged_is_named(more: dict[str, Any], said: str, tmp_path):
    (tmp_path / "selection.yaml").write_text(dump(content(**more)))
    with pytest.raises(UsageError, match=r"selection\.yaml") as caught:
        Choice.open(tmp_path)
    assert said in str(caught.value)


def test_a_selection_without_its_settings_is_not_one_of_a_single_setting(tmp_path):
    without = content()
    del without["settings"]
    (tmp_path / "selection.yaml").write_text(dump(without))
    with pytest.raises(UsageError, match=r"settings: is missing"):
        Choice.open(tmp_path)
    assert any("settings: is missing" in said for said in Choice.open(tmp_path, damaged=True).damaged)
