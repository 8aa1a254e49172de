"""The loop of a run: what it evaluates and keeps, and where it goes on."""

from pathlib import Path

import pytest

from detente.errors import Interrupted
from detente.training.run_folder import Run
from observers import STEPS, Stop, assert_same_numbers, lines, train, watched_by

pytestmark = pytest.mark.usefixtures("module_cache")


def test_a_run_logs_evaluates_and_saves_at_the_steps_of_its_recipe(tmp_path: Path) -> None:
    trainer = train(tmp_path, sets=["checkpoint_every=10"])
    assert [line["step"] for line in lines(tmp_path) if "terms" in line] == STEPS
    assert [line["step"] for line in lines(tmp_path) if "scores" in line] == [20, 40]
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert kept == ["step-00000030.pt", "step-00000040.pt"]  # the newest, and one to fall back on
    assert (trainer.step, Run(tmp_path).info["status"]) == (40, "finished")


def test_an_interrupted_run_says_so_and_ends_with_the_same_numbers_once_resumed(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    train(whole)
    with pytest.raises(Interrupted):
        train(broken, watched_by(Stop(30)))
    assert Run(broken).info["status"] == "interrupted"
    train(broken)
    assert_same_numbers(whole, broken)


def test_scores_of_a_restored_run_are_those_of_its_last_evaluation(tmp_path: Path) -> None:
    first = dict(train(tmp_path).view.scores)
    again = train(tmp_path)  # finished: nothing is left to train
    assert again.view.scores == first == [line for line in lines(tmp_path) if "scores" in line][-1]["scores"]


def test_what_a_kill_between_the_last_save_and_its_clearing_left_is_cleared_when_the_run_goes_on(
    tmp_path: Path,
) -> None:
    train(tmp_path, sets=["checkpoint_every=10"])
    folder = tmp_path / "checkpoints"
    kept = sorted(path.name for path in folder.iterdir())
    (folder / "step-00000020.pt").write_bytes((folder / kept[0]).read_bytes())
    train(tmp_path, sets=["checkpoint_every=10"])  # at its last step: nothing is saved any more
    assert sorted(path.name for path in folder.iterdir()) == kept
