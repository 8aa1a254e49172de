"""What a study.yaml says."""

import re
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


@pytest.mark.parametrize(
    ("arms", "said", "reference"),
    [
        (["r1", " none "], None, " none "),
        (["r1", "d:none"], None, "r1"),
        (["l2", "r1", "none"], None, "none"),
        (["l2", "r1", "none"], "r1", "r1"),
        (["l2"], None, "l2"),
    ],
)
def test_the_reference_is_the_arm_that_was_named_then_none_then_the_first(tmp_path, arms, said, reference):
    study = write_study(tmp_path, arms)
    study.content |= {"against": said} if said else {}
    study.write()
    found = Study.open(tmp_path)
    assert found.against.text == reference
    assert [arm.text for arm in found.others] == [text for text in arms if text != reference]


@pytest.mark.parametrize(("said", "what"), [("r3", "'r3' is not among the arms none, r1"), (["r1"], "should be text")])
def test_a_reference_that_is_no_arm_is_refused_and_a_report_goes_on_without_it(tmp_path, said, what):
    study = write_study(tmp_path)
    study.content["against"] = said
    study.write()
    with pytest.raises(UsageError, match=f"study.yaml: against: {re.escape(what)}"):
        Study.open(tmp_path)
    found = Study.open(tmp_path, damaged=True)
    assert found.against.text == "none"
    assert any("against" in sentence for sentence in found.damaged)


def test_a_budget_names_what_differs_between_the_arms(tmp_path):
    study = write_study(tmp_path, seeds=[0])
    recipes = study.content["recipes"]["pair"]
    recipes["arm-0"]["batch"] = recipes["arm-1"]["batch"] = 4
    assert study.budget("pair") == "20 steps, 4 samples per batch, 1 seed"
    recipes["arm-1"]["steps"] = 30
    assert study.budget("pair").startswith("20 or 30 steps (not the same for all arms), ")
    recipes["arm-0"]["evaluate"] = "ema"
    assert study.budget("pair").endswith(", scores of the generators' moving averages (not of all arms), 1 seed")
    recipes["arm-1"]["evaluate"] = "ema"
    assert study.budget("pair").endswith(", scores of the generators' moving averages, 1 seed")


@pytest.mark.parametrize("lost", ["arms", "domains", "recipes", "seeds"])
def test_a_study_that_lacks_something_is_refused_when_it_is_opened(tmp_path, lost):
    study = write_study(tmp_path)
    assert Study.open(tmp_path).content == study.content
    del study.content[lost]
    study.write()
    with pytest.raises(UsageError, match=rf"study\.yaml: {lost}[a-z0-9.-]*: is missing; .*new --out"):
        Study.open(tmp_path)
