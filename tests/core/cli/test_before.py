"""A run goes on with its own recipe, but for what may change, and on its own data, wherever they are by now."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import points
from command_line import SMALL, Call, assert_same, lines
from detente import cli
from detente.recipe.document import dump, read
from detente.recipe.keys import put
from detente.training import checkpoint

OFTEN = ["--set", "evaluate_every=10", "--set", "checkpoint_every=10", "--device", "auto", "-q"]
RING = ["train", "ring", *SMALL, *OFTEN]
POINTS = ["train", "ring", "--data", "points", "--set", "data.path=shots/a.json", *SMALL, *OFTEN]


def state(run: Path, step: int) -> dict[str, Any]:
    return checkpoint.load(run / "checkpoints" / f"step-{step:08d}.pt")


def edit(run: Path, **changed: Any) -> None:
    """Change keys of a run's recipe as a person would, with `__` for the dots."""
    recipe = read(run / "recipe.yaml")
    (run / "recipe.yaml").write_text(dump(put(recipe, {key.replace("__", "."): v for key, v in changed.items()})))


@pytest.fixture
def run(trained: Path) -> Path:
    shutil.copytree(trained, "run")
    return Path("run")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"generator__optimizer__lr": 0.5}, "generator.optimizer.lr is {0} in this checkpoint but 0.5 in recipe.yaml"),
        ({"seed": 3}, "seed is 0 in this checkpoint but 3 in recipe.yaml"),
        ({"batch": 8}, "batch is 16 in this checkpoint but 8 in recipe.yaml"),
        ({"critic_steps": 2}, "critic_steps is 1 in this checkpoint but 2"),
        ({"precision": "fp64"}, "precision is 'fp32' in this checkpoint but 'fp64'"),
        ({"objective__name": "hinge"}, "objective.name is 'non-saturating' in this checkpoint but 'hinge'"),
        ({"discriminator__optimizer": {"name": "sgd", "lr": 0.1}}, "discriminator.optimizer.name is 'adam'"),
        ({"discriminator__regularizers": {}}, "discriminator.regularizers.r1.every is 4 in this checkpoint but absent"),
        ({"data__std": 0.2}, "the data were"),
    ],
)
def test_an_edited_recipe_is_refused_by_key(call: Call, run: Path, changed: dict[str, Any], said: str) -> None:
    before = {path: path.read_bytes() for path in (run / "metrics.jsonl", run / "run.json")}
    rate = str(read(run / "recipe.yaml")["generator"]["optimizer"]["lr"])
    edit(run, **changed, steps=40)
    done = call("resume", run, "-q")
    assert done.code == 2
    assert said.replace("{0}", rate) in done.err
    assert {path: path.read_bytes() for path in before} == before


def test_more_steps_are_trained_as_if_there_had_been_so_many_from_the_start(call: Call, run: Path) -> None:
    edit(run, steps=40, log_every=5)
    done = call("resume", run)
    assert done.code == 0
    assert "Changed in the recipe since the last checkpoint: steps (20 → 40), log_every (10 → 5)." in done.err
    shutil.copy(run / "recipe.yaml", "whole.yaml")
    assert call("train", "--recipe", "whole.yaml", "--folder", "whole", "-q").code == 0
    assert_same(state(run, 40)["game"], state(Path("whole"), 40)["game"])
    assert [line["step"] for line in lines(run) if "terms" in line] == [10, 20, 25, 30, 35, 40]


@pytest.mark.parametrize(
    ("schedule", "key"),
    [
        (["--set", "generator.optimizer.lr={from: 0.01, to: 0.001}"], "generator.optimizer.lr"),
        (["--reg", "d:r1(gamma={from: 1, to: 2, over: 0.5})"], "discriminator.regularizers.r1.gamma"),
        (["--reg", "dropout(p={from: 0.5, to: 0.1, shape: cosine})"], "discriminator.regularizers.dropout.p"),
        (["--set", "generator.optimizer.lr={from: 0.01, to: 0.001, over: 8}"], ""),
        ([], ""),
    ],
)
def test_a_schedule_over_a_share_of_the_steps_is_named_where_these_change(call: Call, schedule: list, key: str) -> None:
    assert call(*RING, *schedule, "--steps", 10, "--folder", "run").code == 0
    edit(Path("run"), steps=20)
    done = call("resume", "run", "-q")
    assert done.code == 0
    said = (
        f"was trained towards 10 steps and goes on towards 20 in recipe.yaml: {key} changes over a share of all steps"
    )
    assert (said in done.err) == bool(key) and ("changes over a share" in done.err) == bool(key)


def test_the_command_with_more_steps_goes_on_and_changes_the_recipe(call: Call) -> None:
    assert call(*RING, "--steps", 20, "--folder", "run").code == 0
    assert call(*RING, "--steps", 30, "--folder", "run").code == 0
    assert read(Path("run/recipe.yaml"))["steps"] == 30
    assert json.loads(Path("run/run.json").read_text())["step"] == 30
    done = call(*RING, "--steps", 20, "--folder", "run")
    assert done.code == 2
    assert "steps is 20 in recipe.yaml, but 30 are trained already; set it to that or more" in done.err
    done = call(*RING, "--steps", 40, "--seed", 7, "--folder", "run", "--dry-run")
    assert (done.code, "has a run of another recipe: seed is 0 there but 7 here" in done.err) == (2, True)


def test_the_best_score_is_not_compared_with_one_that_is_measured_otherwise(call: Call, run: Path) -> None:
    edit(run, steps=30, samples=20)
    assert call("resume", run, "-q").code == 0
    assert json.loads((run / "run.json").read_text())["best"]["step"] == 30


def test_a_checkpoint_of_another_seed_is_refused(call: Call, run: Path) -> None:
    assert (
        call(*RING, "--reg", "g:spectral-norm+g:ema+d:r1(every=4)", "--seed", 1, "--steps", 20, "--folder", "b").code
        == 0
    )
    shutil.copy("b/checkpoints/step-00000020.pt", run / "checkpoints")
    edit(run, steps=30)
    for verb in ("resume", "evaluate", "sample"):
        done = call(verb, run)
        assert done.code == 2
        assert "step-00000020.pt: seed is 1 in this checkpoint but 0 in recipe.yaml" in done.err


@pytest.fixture(scope="module")
def on_points(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder `here` with a run of 20 steps on the relative `shots/a.json`; `whole` is one of 40 steps."""
    here = tmp_path_factory.mktemp("points") / "here"
    points.write(here / "shots/a.json")
    with pytest.MonkeyPatch.context() as patch:
        points.install(here.parent / "site", patch)
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        patch.chdir(here)
        for name, steps in (("run", "20"), ("whole", "40")):
            assert cli.main([*POINTS, "--steps", steps, "--folder", name]) == 0
        yield here


@pytest.fixture
def there(on_points: Path, tmp_path: Path) -> Path:
    """A copy of the run to go on with for 20 more steps; the current folder is another one."""
    folder = tmp_path / "runs" / "copy"
    shutil.copytree(on_points / "run", folder)
    edit(folder, steps=40)
    return folder


def test_a_run_finds_its_data_from_any_folder(call: Call, on_points: Path, there: Path) -> None:
    assert call("resume", there, "-q").code == 0
    assert_same(state(there, 40)["game"], state(on_points / "whole", 40)["game"])
    assert read(there / "recipe.yaml")["data"]["path"] == "shots/a.json"
    assert call("evaluate", there, "-q").err == ""


def test_other_data_of_the_same_relative_name_are_not_taken(call: Call, on_points: Path, there: Path) -> None:
    points.write(Path("shots/a.json"), std=0.3)
    assert call("resume", there, "-q").code == 0
    assert_same(state(there, 40)["game"], state(on_points / "whole", 40)["game"])


@pytest.fixture
def moved(there: Path) -> Path:
    """The run, whose data are no longer where they were."""
    for path in (there / "run.json",):
        info = json.loads(path.read_text())
        info["identities"]["path"] = "/gone/shots/a.json"
        path.write_text(json.dumps(info))
    return there


def test_without_the_data_of_then_others_are_refused_with_both_paths(call: Call, moved: Path) -> None:
    points.write(Path("shots/a.json"), size=90)
    done = call("resume", moved, "-q")
    assert done.code == 2
    assert "the data were 100 training samples in /gone/shots/a.json (identity " in done.err
    assert f"and are now 90 training samples in {Path('shots/a.json').resolve()}" in done.err
    assert "Go back to /gone/shots/a.json, or begin anew." in done.err
    for verb in ("evaluate", "sample", "export"):
        done = call(verb, moved)
        assert done.code == 0
        needs_data = verb == "evaluate"
        assert done.err.count("the data were 100 training samples") == needs_data


@pytest.mark.parametrize("verb", ["evaluate", "resume"])
def test_where_data_are_gone_the_file_that_names_them_is_named(call: Call, moved: Path, verb: str) -> None:
    edit(moved, data__path="/gone/a.json")
    done = call(verb, moved)
    assert done.code in (2, 3)
    assert f"{moved / 'recipe.yaml'}: data: " in done.err and "/gone/a.json" in done.err


def test_the_same_data_may_be_elsewhere(call: Call, on_points: Path, moved: Path) -> None:
    edit(moved, data__path="other/b.json")
    points.write(Path("other/b.json"))
    assert call("resume", moved, "-q").code == 0
    assert_same(state(moved, 40)["game"], state(on_points / "whole", 40)["game"])
    assert json.loads((moved / "run.json").read_text())["identities"]["path"] == str(Path("other/b.json").resolve())


@pytest.mark.usefixtures("on_points")  # which installs the data set
@pytest.mark.parametrize("changed", [{"std": 0.11}, {"size": 101}, {"seed": 1}])
def test_data_that_have_changed_in_their_place_are_refused(call: Call, changed: dict[str, Any]) -> None:
    points.write(Path("shots/a.json"))
    whole = [*POINTS, "--set", "data.limit=1000"]
    assert call(*whole, "--steps", 10, "--folder", "run").code == 0
    points.write(Path("shots/a.json"), **changed)
    for command in (["resume", "run"], [*whole, "--steps", 20, "--folder", "run"], [*whole, "--folder", "run", "-n"]):
        done = call(*command)
        assert done.code == 2, command
        assert "Put the old files back, or begin anew." in done.err


def test_a_checkpoint_that_was_trained_on_other_data_is_refused(call: Call, there: Path) -> None:
    points.write(Path("shots/a.json"), std=0.3)
    assert call(*POINTS, "--steps", 20, "--folder", "b").code == 0
    shutil.copy("b/checkpoints/step-00000020.pt", there / "checkpoints")
    done = call("resume", there, "-q")
    assert done.code == 2
    assert "step-00000020.pt: the data were 100 training samples" in done.err


def test_a_run_without_a_record_of_its_data_goes_on_with_one_note(call: Call, run: Path) -> None:
    edit(run, steps=30)
    info = json.loads((run / "run.json").read_text())
    del info["identities"]
    (run / "run.json").write_text(json.dumps(info))
    for path in (run / "checkpoints").iterdir():
        kept = checkpoint.load(path)
        del kept["identities"], kept["recipe"]
        checkpoint.save(path, kept)
    done = call("resume", run)
    assert done.code == 0
    assert done.err.count("does not say which data it was trained on") == 1
    assert json.loads((run / "run.json").read_text())["identities"]["samples"]
    assert "does not say" not in call("evaluate", run).err
