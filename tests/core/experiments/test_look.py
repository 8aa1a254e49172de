"""What is said of a recipe before anything trains."""

import pytest
import torch

from detente.domains.primary import Primary
from detente.errors import PluginError, UsageError
from detente.experiments import compare
from detente.experiments.look import Look, Looked, looked
from detente.plugins import host
from detente.recipe import load
from detente.results.scores import Scaled


def look(*regs: str, sets: tuple[str, ...] = (), **fields) -> Look:
    return Look("ring", "an arm", load(domain="ring", regs=list(regs), sets=list(sets)).plain(), **fields)


def test_a_sound_recipe_has_its_findings_and_nothing_to_say_of_its_evaluations() -> None:
    made = looked(look("r1"), host())
    assert isinstance(made, Looked) and (made.findings, made.evaluated) == ((), ())
    assert made.pace is not None and 0 < made.pace.step < 1
    made = looked(look("d:dropout+r1"), host())
    assert isinstance(made, Looked) and [f.code for f in made.findings] == ["dropout-under-input-gradient"]


def test_what_training_would_refuse_is_an_error_and_not_raised() -> None:
    made = looked(Look("ring", "an arm", {**look().recipe, "steps": -1}), host())
    assert isinstance(made, UsageError) and "steps" in str(made)


def test_a_score_that_the_runs_do_not_have_is_an_error() -> None:
    made = looked(look(measure=Scaled(Primary("fluency"))), host())
    assert isinstance(made, PluginError) and "none of them measures fluency" in str(made)


def test_steps_are_timed_with_one_thread_as_workers_have_and_the_threads_are_left(monkeypatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr("detente.experiments.look.pace", lambda *args, **how: seen.append(torch.get_num_threads()))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        looked(look(), host())
        looked(look(timed=False), host())
        assert (seen, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(("vary", "batches"), [("lr=/4,x1,x4", [8]), ("batch=4,16", [4, 16])])
def test_settings_of_the_learning_rate_take_as_long_as_the_first(tmp_path, monkeypatch, vary, batches) -> None:
    seen: list[int] = []
    monkeypatch.setattr("detente.experiments.look.pace", lambda built, host, **how: seen.append(built.recipe.batch))
    compare.plan(["ring"], ["none"], 1, out=tmp_path, host=host(), sets=["samples=50", "batch=8"], vary=[vary])
    assert seen == batches
