"""A recipe inside of study.yaml that somebody edited: a sentence with the file and the key."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detente import cli
from detente.experiments.binding import Bound
from detente.recipe.document import dump, read

STUDY = ["compare", "dirac", "--reg", "none", "--seeds", "1", "--steps", "2", "--batch", "4", "--jobs", "1", "-q"]


def first(content: dict[str, Any]) -> dict[str, Any]:
    """The recipe of the first arm."""
    recipe: dict[str, Any] = next(iter(next(iter(content["recipes"].values())).values()))
    return recipe


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "study"
    assert cli.main([*STUDY, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def study(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "study")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda r: r.update(batch=[]), "batch"),
        (lambda r: r.update(precision=True), "precision"),
        (lambda r: r.update(metrics="modes"), "metrics"),
        (lambda r: r["objective"].update(name=0.5), "objective.name"),
        (lambda r: r.update(critic_steps=""), "critic_steps"),
        (lambda r: r.update(generator=3), "generator"),
        (lambda r: r["discriminator"].update(optimizer=[]), "discriminator.optimizer"),
    ],
    ids=["list", "true", "text", "fraction", "empty", "number", "optimizer"],
)
def test_the_study_says_which_key_and_trains_nothing(
    change: Callable[[dict[str, Any]], object], key: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = read(study / "study.yaml")
    change(first(content))
    (study / "study.yaml").write_text(dump(content))
    assert cli.main(["resume", str(study), "-q"]) == 2
    at = rf"recipes(\.dirac\.none-\w+\.| of dirac: ){re.escape(key)}: "
    assert re.search(re.escape(f"{study / 'study.yaml'}: ") + at, capsys.readouterr().err)


def test_data_do_not_hold_for_a_recipe_that_has_none() -> None:
    assert not Bound({"name": "ring"}, {}).holds_for({"steps": 4})
    assert Bound({"name": "ring"}, {}).holds_for({"data": {"name": "ring"}})
