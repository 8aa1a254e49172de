"""A time that buys too few runs of the recipe's steps buys shorter ones, once, and what is said afterwards says so."""

import pytest

from choices import few, how, written
from detente import plugins as installed
from detente import recipe
from detente.errors import DetenteError
from detente.experiments import budget as budgets
from detente.experiments import choose as choosing
from detente.experiments.budget import DEARER, FIRST_ANSWER, SHORTEST, steps_given, steps_within
from detente.experiments.look import Looked
from detente.report.recommendation import again, larger, sentence
from detente.results.choice import Choice
from detente.training.pace import Pace

pytestmark = pytest.mark.usefixtures("module_cache")
WHOLE = 2000  # the steps of dirac's recipe


def takes(fixed, step):
    return lambda steps: fixed + step * steps


@pytest.mark.parametrize("at_once", [1, 4])
@pytest.mark.parametrize("steps", [250, 400, 990])
def test_so_many_steps_fit_that_the_time_buys_a_first_answer(steps, at_once):
    budget = FIRST_ANSWER * DEARER * takes(2.0, 0.1)(steps) / at_once
    assert steps_within(budget, 1000, takes(2.0, 0.1), at_once) == steps


def test_runs_have_the_recipes_steps_where_these_fit_and_a_tenth_of_them_at_least():
    assert steps_within(1e6, 1000, takes(2.0, 0.1), 1) == 1000
    assert steps_within(1.0, 1000, takes(2.0, 0.1), 1) == SHORTEST * 1000
    assert steps_within(1.0, 1, takes(2.0, 0.1), 1) == 1


@pytest.mark.parametrize(
    "said",
    [
        ({"steps": 50}, (), None, ()),
        (None, ["batch=4", " steps = 50"], None, ()),
        ({}, (), {"domain": "dirac"}, ()),
        (None, (), None, [{"steps": "x2"}]),
    ],
)
def test_steps_that_a_call_says_are_left(said):
    assert steps_given(*said) and not steps_given(
        {"steps": None, "batch": 4}, ["evaluate_every=5"], None, [{"lr": "x2"}]
    )


def planned(out, monkeypatch, seconds=1.0, budget=600.0, **more):
    few(monkeypatch)
    monkeypatch.setattr(budgets, "looked", lambda look, host: Looked((), (), Pace(step=seconds)))
    asked = {**how(cells=None, budget=budget, flags={}), "sets": ["samples=20", "batch=4", "data.size=16"], **more}
    return choosing.plan("dirac", out=out, host=installed.host(), at_once=1, **asked)


def test_a_short_time_shortens_all_runs_alike_and_says_why(tmp_path, monkeypatch):
    choice, notes = planned(tmp_path / "x", monkeypatch, seconds=0.01)
    steps = {plain["steps"] for plain in choice.content["recipes"].values()}
    expected = (600 / (FIRST_ANSWER * DEARER) - 0.5) / 0.01
    assert steps == {int(float(f"{expected:.1e}"))} and choice.whole_steps == WHOLE
    assert notes[0].startswith(f"Runs have {steps.pop()} of the recipe's {WHOLE:,} steps: 10 min buy about 22 of that")
    assert f"--steps {WHOLE} --budget 27m" in notes[0]
    choice, notes = planned(tmp_path / "y", monkeypatch, seconds=0.001)
    assert choice.whole_steps is None and not any("Runs have" in note for note in notes)
    choice, _ = planned(tmp_path / "z", monkeypatch, flags={"steps": WHOLE})
    assert choice.content["recipes"]["none"]["steps"] == WHOLE and choice.whole_steps is None


def test_the_same_command_goes_on_with_the_steps_that_were_found_first(tmp_path, monkeypatch):
    first, _ = planned(tmp_path, monkeypatch, seconds=0.01)
    first.write()
    again_, _ = planned(tmp_path, monkeypatch, seconds=0.005)
    assert again_.content["recipes"] == first.content["recipes"] and again_.whole_steps == WHOLE
    assert Choice.open(tmp_path).whole_steps == WHOLE


def test_what_cannot_be_timed_is_left_to_who_looks_at_all(tmp_path, monkeypatch):
    few(monkeypatch)
    for found in (DetenteError("refused"), Looked((), (), None)):
        monkeypatch.setattr(budgets, "looked", lambda look, host, found=found: found)
        asked = {**how(cells=None, budget=1.0, flags={}), "sets": ["samples=20", "batch=4", "data.size=16"]}
        choice, _ = choosing.plan("dirac", out=tmp_path / "x", host=installed.host(), **asked)
        assert choice.whole_steps is None and choice.content["recipes"]["none"]["steps"] == WHOLE


def test_the_answer_is_of_so_many_steps_and_the_recipe_has_all_of_them(tmp_path):
    choice = written(tmp_path, {"none": 0.5, "a": 0.4, "b": 0.6, "c": 0.3}, whole_steps=200, asked=[])
    assert "after 20 of the recipe's 200 steps on " in sentence(choice)
    assert " --steps 20 " in again(choice, choice.selection, 8) + " " and "--steps" not in larger(choice)


def test_the_recipe_to_train_with_has_all_of_its_steps(tmp_path, monkeypatch):
    choice, _ = planned(tmp_path, monkeypatch, seconds=0.01)
    monkeypatch.setattr(Choice, "recommended", property(lambda self: self.candidates[0]))
    choice.write()
    choosing.write_recipe(choice)
    assert recipe.load(choice.recipe).steps == WHOLE > choice.content["recipes"]["none"]["steps"]
