"""Data that have moved: an experiment goes on with them once it is told where they are."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import points
from detente import plugins
from detente.errors import UsageError
from detente.experiments import choose as choice
from detente.experiments import compare as study
from detente.experiments import tune as search
from detente.experiments.binding import found_again
from detente.recipe import load
from detente.recipe.document import read
from detente.results.study import Study
from searches import InProcess, wish

SETS = ["samples=50", "steps=10", "batch=4", "evaluate_every=10", "metrics=[modes]"]


@pytest.fixture(scope="module", autouse=True)
def _plugin(module_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        points.install(tmp_path_factory.mktemp("site") / "site", patch)
        yield


def named(path: Path) -> dict[str, Any]:
    """What `--data PATH` becomes."""
    return {"data": {"name": "points", "path": str(path)}}


def compare(out: Path, data: Path, seeds: int = 1, executor: InProcess | None = None) -> Path:
    how: dict[str, Any] = {"host": plugins.discover(), "sets": SETS, "flags": named(data)}
    return study.compare(["ring"], ["none", "r1"], seeds, out=out, executor=executor or InProcess(), **how)


@pytest.fixture
def moved(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A study of one seed, where its data were, and where they are now."""
    here, there = tmp_path / "here" / "a.json", tmp_path / "there" / "b.json"
    points.write(here)
    compare(tmp_path / "study", here)
    there.parent.mkdir()
    shutil.move(here, there)
    return tmp_path / "study", here, there


def test_a_study_gets_more_seeds_at_the_new_place(moved: tuple[Path, Path, Path]) -> None:
    out, here, there = moved
    compare(out, there, seeds=2)
    cells = Study.open(out).cells
    assert [cell.status for cell in cells] == ["finished"] * 4
    assert len({cell.info["identities"]["data"] for cell in cells}) == 1
    known = read(out / "study.yaml")["identities"]["ring"]
    assert (known["typed"], known["path"]) == (str(here), str(there))
    assert all(read(cell.run.recipe)["data"]["path"] == str(here) for cell in cells)


def test_they_may_move_again_and_the_study_is_resumed_there(moved: tuple[Path, Path, Path]) -> None:
    out, _, there = moved
    compare(out, there, seeds=2, executor=InProcess(lambda folder, blocked: 0))  # nothing of the second seed is begun
    again = there.with_name("c.json")
    shutil.move(there, again)
    with pytest.raises(UsageError, match=r"If the data have moved, give the first command of this study again, with "):
        study.resume(out, host=plugins.discover(), executor=InProcess())
    compare(out, again, seeds=2, executor=InProcess(lambda folder, blocked: 0))
    study.resume(out, host=plugins.discover(), executor=InProcess())
    assert [cell.status for cell in Study.open(out).cells] == ["finished"] * 4


def test_other_data_at_the_new_place_are_refused(moved: tuple[Path, Path, Path]) -> None:
    out, _, there = moved
    points.write(there, std=0.3)
    before = (out / "study.yaml").read_bytes()
    with pytest.raises(UsageError, match=r"study.yaml: ring: the data were 100 training samples in .* Go back to"):
        compare(out, there, seeds=2)
    assert (out / "study.yaml").read_bytes() == before


def test_a_copy_is_as_good_and_other_data_beside_them_are_another_recipe(moved: tuple[Path, Path, Path]) -> None:
    out, here, there = moved
    shutil.copy(there, here)
    compare(out, there, seeds=2)
    compare(out, there, seeds=3)
    assert [cell.status for cell in Study.open(out).cells] == ["finished"] * 6
    points.write(there, std=0.3)
    with pytest.raises(UsageError, match=r"data.path is '.*a.json' in the study but '.*b.json' in this command"):
        compare(out, there, seeds=4)


@pytest.mark.slow
def test_searches_and_selections_go_on_likewise(moved: tuple[Path, Path, Path], tmp_path: Path) -> None:
    _, here, there = moved
    shutil.move(there, here)
    host, given = plugins.discover(), {"domain": "ring", "set": SETS, "steps": None, "seeds": 1, "fresh": 2}
    chosen: dict[str, Any] = {"host": host, "cells": 18, "sets": [*SETS, "batch=2"]}
    for place, trials in ((here, 2), (there, 3)):
        asked = wish(**given, **named(place), trials=trials)
        search.tune(asked, out=tmp_path / "search", host=host, executor=InProcess())
        choice.choose("ring", out=tmp_path / "choice", flags=named(place), executor=InProcess(), **chosen)
        if place is here:
            shutil.move(here, there)
    for manifest in ("search/tuning.yaml", "choice/selection.yaml"):
        assert read(tmp_path / manifest)["identities"]["ring"]["path"] == str(there)


def test_a_recipe_whose_data_are_where_it_says_is_left_alone(tmp_path: Path) -> None:
    here, there = tmp_path / "a.json", tmp_path / "b.json"
    points.write(there)
    recipe = load(domain="ring", flags=named(here), host=plugins.discover())
    known = {"typed": str(here), "path": str(there)}
    assert found_again(recipe, known).data.options["path"] == str(there)
    assert found_again(recipe, {**known, "typed": "c.json"}) is recipe
    assert found_again(recipe, {}) is recipe
    points.write(here)
    assert found_again(recipe, known) is recipe
