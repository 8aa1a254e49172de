"""A file of an experiment that somebody edited into something else that is valid: its runs contradict it, by key."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from choices import LEVELS, written
from detente import cli
from detente.errors import UsageError
from detente.recipe.document import dump, read
from detente.recipe.slugs import slug
from detente.report import choice_report, study_report, tuning_report
from detente.results.choice import Choice
from detente.results.manifest import Manifest
from detente.results.reading import read as tables
from detente.results.search import Tuning
from detente.results.study import Study
from pages import write_cell, write_study

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    found = write_study(tmp_path / "study")
    for cell in found.cells:
        write_cell(cell, "finished")
        cell.run.record({"directions": {"frechet": "lower", "recall": "higher"}})
    return found


def edited(manifest: Manifest, change: Change) -> Path:
    content = read(manifest.path)
    change(content)
    manifest.path.write_text(dump(content), encoding="utf-8")
    return manifest.folder


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["recipes"]["pair"]["arm-1"].update(steps=40), "pair / r1 / seed 0: steps is 40, but it was"),
        (lambda c: c["recipes"]["pair"]["arm-0"].update(steps=19), "pair / none / seed 0: steps is 19, but it was"),
        (
            lambda c: c["recipes"]["pair"]["arm-1"].update(discriminator={"regularizers": {"r1": {"gamma": 1.0}}}),
            "seed 0: discriminator.regularizers.r1.gamma is 1.0, but it was trained with absent",
        ),
        (lambda c: c["seeds"].remove(1), "arm-0/1 and 1 more, so what was trained there is left out."),
        (lambda c: c["arms"].pop(), "arm-1/0 and 1 more, so what was trained there is left out."),
        (lambda c: c["domains"]["pair"]["primary"].update(score="kid"), "score: no run of pair measured kid;"),
    ],
    ids=["steps", "steps of none", "a regularizer", "a seed less", "an arm less", "score"],
)
def test_a_study_that_its_runs_contradict_is_named_in_report_and_tables(
    study: Study, change: Change, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert Study.open(study.folder, damaged=True).damaged == []
    folder = edited(study, change)
    (sentence,) = Study.open(folder, damaged=True).damaged
    assert sentence.startswith(f"{study.path}: ") and said in sentence
    assert said.partition(" / ")[0] in study_report(folder).read_text(encoding="utf-8")
    tables(folder, pandas=False)
    assert sentence in caplog.messages


@pytest.mark.parametrize("kind", [Study, Choice])
@pytest.mark.parametrize("text", ["l2", "r1(gamma=100)", "r1 + ema"])
def test_the_text_of_an_arm_goes_with_its_folder(tmp_path: Path, kind: type[Manifest], text: str) -> None:
    if kind is Study:
        key, found = "arms", write_study(tmp_path / "x")
        arms, recipes = found.content["arms"], found.content["recipes"]["pair"]
    else:
        key, found = "candidates", written(tmp_path / "x", LEVELS, 0)
        arms, recipes = found.content["candidates"], found.content["recipes"]
    recipes[slug("r1")] = recipes[arms[1]["slug"]]
    arms[1].update(text="r1", slug=slug("r1"))
    found.write()
    assert kind.open(found.folder).content[key][1]["text"] == "r1"
    folder = edited(found, lambda content: content[key][1].update(text=text))
    with pytest.raises(UsageError, match=rf"{found.file}: {key}\.1\.text: is .* was made for another arm; correct it"):
        kind.open(folder)
    assert len(kind.open(folder, damaged=True).damaged) == 1


@pytest.mark.parametrize(("trial", "seed", "score"), [(0, "0", 0.99), (2, "1", 0.0), (1, "0", 0.300002)])
def test_a_score_of_a_trial_is_that_of_its_run(search: Tuning, trial: int, seed: str, score: float) -> None:
    whole = Tuning.open(search.folder, damaged=True)
    assert whole.damaged == []
    content = json.loads(search.record.read_text(encoding="utf-8"))
    content["trials"][trial]["scores"][seed] = score
    search.record.write_text(json.dumps(content), encoding="utf-8")
    said = (
        rf"trials\.json: trials\.{trial}\.scores\.{seed}: is {score:.4g}, but its run has 0\.\d+; delete it and resume"
    )
    with pytest.raises(UsageError, match=said):
        Tuning.open(search.folder)
    found = Tuning.open(search.folder, damaged=True)
    assert len(found.damaged) == 1 and "that of the run is taken" in found.damaged[0]
    assert [one.scores for one in found.trials] == [pytest.approx(one.scores) for one in whole.trials]
    assert "that of the run is taken" in tuning_report(search.folder).read_text(encoding="utf-8")


@pytest.mark.parametrize("cells", [20, 60, 200])
def test_another_budget_of_a_selection_leaves_runs_out_and_says_so(tmp_path: Path, cells: int) -> None:
    choice = written(tmp_path / "x", LEVELS)
    assert Choice.open(choice.folder, damaged=True).damaged == []
    folder = edited(choice, lambda content: content.update(cells=cells))
    assert "so what was trained there is left out." in Choice.open(folder, damaged=True).damaged[0]
    assert "is left out." in choice_report(folder).read_text(encoding="utf-8")


@pytest.mark.parametrize("arm", ["arm-0", "arm-1"])
def test_an_arm_without_a_recipe_is_left_out_of_tables_and_named(study: Study, arm: str, caplog: Any) -> None:
    folder = edited(study, lambda content: content["recipes"]["pair"].pop(arm))
    assert {row["arm"] for row in tables(folder, pandas=False).runs} == {"none", "r1"} - {("none", "r1")[int(arm[-1])]}
    assert any(f"recipes.pair.{arm}: is missing" in said for said in caplog.messages)
    assert cli.main(["doctor", str(folder)]) == 0
