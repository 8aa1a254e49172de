"""Whole selections on the Dirac-GAN, where it is known what converges, with cells that train in the test's process."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from choices import few, how
from detente import plugins as installed
from detente import recipe
from detente.errors import StudyError, UsageError
from detente.experiments import choose as choosing
from detente.experiments.executors.worker import train_cell
from detente.report import choice_report
from detente.results.choice import Choice
from detente.training.run_folder import Run
from pages import Page
from searches import InProcess

pytestmark = pytest.mark.usefixtures("module_cache")


def carried_out(out: Path, executor: InProcess, **more: object) -> Choice:
    choosing.choose("dirac", out=out, host=installed.host(), executor=executor, command=["detente"], **how(**more))
    return Choice.open(out)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, module_cache) -> tuple[Choice, InProcess]:
    """A selection that nothing disturbed."""
    here = InProcess()
    with pytest.MonkeyPatch.context() as patched:
        few(patched)
        return carried_out(tmp_path_factory.mktemp("choose") / "whole", here), here


@pytest.mark.slow
def test_on_dirac_r1_or_l2_on_one_player_is_chosen_and_what_circles_is_not(whole):
    """Mescheder 2018: weight clipping and the gradient penalty with a target slope do not converge; r1 and l2 do."""
    choice, here = whole
    assert choice.chosen is not None and choice.recommended == choice.chosen
    assert choice.chosen.text.partition("(")[0] in ("r1", "l2")
    selection = choice.selection
    assert selection is not None and selection.test is not None
    assert selection.test.verdict == "improves"
    assert selection.test.p == 2.0 ** -len(selection.test.differences)
    assert len(here.trained) == len(choice.runs()) <= 40
    ready = recipe.load(choice.recipe)
    assert set(ready.discriminator.regularizers) <= {"r1", "l2"} and not ready.generator.regularizers
    page = Page((choice.folder / "report.html").read_text(encoding="utf-8"))
    assert f"Use “{choice.chosen.text}” for dirac: after 60 steps on " in page.text
    assert "To be surer, compare the two on 8 new blocks" in page.text
    assert len((choice.folder / "results.csv").read_text().splitlines()) == 1 + len(here.trained)


def test_fresh_seeds_are_in_no_round_of_the_search(whole):
    choice, _ = whole
    selection = choice.selection
    assert selection is not None
    seeds = [{cell.seed for block in choice.asked(ask) for cell, _ in block} for ask in selection.asks]
    assert not seeds[-1] & set.union(*seeds[:-1])
    assert min(seeds[-1]) == 1040


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def small(tmp_path_factory, module_cache) -> tuple[Choice, InProcess]:
    """A smaller one, with four candidates in two rounds."""
    here = InProcess()
    with pytest.MonkeyPatch.context() as patched:
        few(patched)
        return carried_out(tmp_path_factory.mktemp("choose") / "small", here, cells=26), here


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 6, 15])
def test_a_selection_that_is_killed_and_continued_is_as_if_it_had_not_been(after: int, small, tmp_path, monkeypatch):
    """In the first round, between rounds, and in the test."""
    few(monkeypatch)
    choice, undisturbed = small
    left = [after]

    def until_killed(folder: Path, block: list[str]) -> int:
        if not left[0]:
            raise Killed
        left[0] -= 1
        return train_cell(folder, block)

    with pytest.raises(Killed):
        carried_out(tmp_path / "cut", InProcess(until_killed), cells=26)
    here = InProcess(backwards=True)
    if after % 2:
        choosing.resume(tmp_path / "cut", host=installed.host(), executor=here)
        cut = Choice.open(tmp_path / "cut")
    else:
        cut = carried_out(tmp_path / "cut", here, cells=26)
    assert len(here.trained) == len(undisturbed.trained) - after
    assert cut.recipe.read_bytes() == choice.recipe.read_bytes()
    assert cut.selection is not None and choice.selection is not None
    assert cut.selection.asks == choice.selection.asks
    assert cut.selection.test == choice.selection.test

    def rows(folder: Path) -> list[list[str]]:
        return [line.split(",")[:-2] for line in (folder / "results.csv").read_text().splitlines()]

    assert rows(cut.folder) == rows(choice.folder)


def test_a_finished_selection_trains_nothing_and_keeps_to_its_settings(whole, tmp_path, monkeypatch):
    few(monkeypatch)
    folder = tmp_path / "again"
    shutil.copytree(whole[0].folder, folder)
    before = choice_report(folder).read_bytes()
    here = InProcess()
    choosing.resume(folder, host=installed.host(), executor=here)
    assert not here.trained and (folder / "report.html").read_bytes() == before
    for more, said in (
        ({"cells": 60}, "cells is 40 in the selection but 60"),
        ({"also": ["r2"]}, "also is"),
        ({"flags": {"steps": 70}}, "recipes.none.steps is 60"),
        ({"vary": ["lr=/2,x1"]}, "settings is"),
        ({"cells": None, "budget": 60.0}, "budget is None"),
    ):
        with pytest.raises(UsageError, match=said):
            carried_out(folder, here, **more)


def test_all_candidates_are_tried_by_default_and_what_dirac_cannot_have_is_named(tmp_path):
    choice, notes = choosing.plan("dirac", out=tmp_path / "x", host=installed.host(), **how(cells=120))
    assert len(choice.tried) == 47
    assert {entry["text"] for entry in choice.refused if "no hidden layer" in entry["why"]} >= {"dropout", "layer-norm"}
    assert "max-gp" in choice.cut["critic gradients"]
    assert any(note.startswith("120 runs: 47 candidates are halved") for note in notes)
    assert not (tmp_path / "x").exists()


def ten_seconds(folder: Path, block: list[str]) -> int:
    """Train a cell, and have it say that it took ten seconds."""
    code, record = train_cell(folder, block), folder / "run.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "seconds": 10.0}))
    return code


@pytest.mark.slow
def test_a_time_is_turned_into_runs_once_by_the_first_run(tmp_path, monkeypatch):
    few(monkeypatch)
    here = InProcess(ten_seconds)
    choice = carried_out(tmp_path / "x", here, cells=None, budget=13.0 * 24)
    assert choice.content["timed"] == {"seconds": 10.0, "at_once": 1}
    assert choice.cells == 24
    assert here.trained[0].arm.text == "none" and here.trained[0].seed == 0
    assert len(here.trained) == len(choice.runs()) <= 24
    later = InProcess()
    choosing.resume(choice.folder, host=installed.host(), executor=later)
    assert not later.trained and Choice.open(choice.folder).cells == 24


@pytest.mark.slow
def test_too_short_a_time_says_which_would_do_and_may_then_be_longer(tmp_path, monkeypatch):
    few(monkeypatch)
    here = InProcess(ten_seconds)
    with pytest.raises(UsageError, match=r"buy about 7 runs of 10 s.* Use --budget 4m or more"):
        carried_out(tmp_path / "x", here, cells=None, budget=100.0)
    assert len(here.trained) == 1
    assert carried_out(tmp_path / "x", here, cells=None, budget=240.0).cells == 18
    assert len(here.trained) == 1 + 18, "one candidate needs no search, so the first run was for its time alone"


@pytest.mark.slow
def test_settings_are_gone_through_in_turn(tmp_path, monkeypatch):
    few(monkeypatch)
    choice = carried_out(tmp_path / "x", InProcess(), cells=30, vary=["lr=/2,x1"])
    selection = choice.selection
    assert selection is not None and selection.test is not None
    for ask in selection.asks:
        settings = [block[0][0].setting for block in choice.asked(ask)]
        assert settings == ["lr=/2", "lr=x1"] * (len(settings) // 2)
    lrs = {cell.setting: plain["generator"]["optimizer"]["lr"] for cell, plain in choice.runs()}
    assert lrs == {"lr=/2": 0.1, "lr=x1": 0.2}
    assert recipe.load(choice.recipe).generator.optimizer.options["lr"] == 0.2
    assert "lr=/2" in (choice.folder / "results.csv").read_text()


@pytest.mark.slow
def test_a_candidate_that_fails_is_out_and_the_rest_is_chosen_from(tmp_path, monkeypatch):
    few(monkeypatch, {"damps": ("r1", "l2")})

    def some_fail(folder: Path, block: list[str]) -> int:
        if "r1" in str(folder):
            Run(folder).record({"status": "failed", "error": "no luck"})
            return 1
        return train_cell(folder, block)

    with pytest.raises(StudyError, match="no luck"):
        carried_out(tmp_path / "x", InProcess(some_fail))
    choice = Choice.open(tmp_path / "x")
    assert choice.chosen is not None and choice.chosen.text.startswith("l2")
    assert choice.recipe.is_file()
    text = Page((tmp_path / "x" / "report.html").read_text(encoding="utf-8")).text
    assert "out: no luck" in text
    here = InProcess()
    with pytest.raises(StudyError):
        choosing.resume(tmp_path / "x", host=installed.host(), executor=here)
    assert not here.trained, "what failed stays as it was, or the choice would be another"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"cells": None}, "needs a budget"),
        ({"budget": 60.0}, "needs a budget"),
        ({"cells": 10}, "--cells 10: choosing takes 18 runs"),
        ({"also": ["nobody"]}, "--also: nobody"),
        ({"also": ["r1 with seed=3"]}, "cannot belong to one arm"),
        ({"vary": ["seed=1,2"]}, "--vary: seed"),
    ],
)
def test_a_call_that_is_wrong_writes_nothing(more: dict, said: str, tmp_path, monkeypatch):
    few(monkeypatch)
    with pytest.raises(UsageError, match=said):
        carried_out(tmp_path / "x", InProcess(), **more)
    assert not (tmp_path / "x").exists()


def test_the_recipe_says_how_sure_it_is(whole):
    first = whole[0].recipe.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# Use “") and "exact one-sided p" in first
    assert yaml.safe_load(whole[0].recipe.read_text(encoding="utf-8"))["seed"] == 0
