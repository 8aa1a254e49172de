"""Which run of a study is used: the best one of the arm that is best on average."""

import re
from pathlib import Path

import pytest

from choices import LEVELS, written
from detente.errors import UsageError
from detente.results.chosen import chosen_run, recommended_run
from detente.training.run_folder import Run
from pages import write_study


def study(folder: Path, scores: dict[str, list[float | str | None]], domains: tuple[str, ...] = ("pair",)) -> Path:
    """A study whose cells ended with these scaled scores, or with a status."""
    of = write_study(folder, tuple(scores), domains, tuple(range(len(next(iter(scores.values()))))))
    for cell in of.cells:
        ended = scores[cell.arm.text][cell.seed]
        Run.create(cell.folder, "steps: 20\n", {})
        status = ended if isinstance(ended, str) else "finished"
        cell.run.record({"status": status, "final": {"scaled": None if isinstance(ended, str) else ended}})
    return folder


@pytest.mark.parametrize(
    ("scores", "arm", "seed"),
    [
        ({"none": [0.1, 0.2], "r1": [0.3, 0.4]}, "r1", 1),
        ({"none": [0.9, 0.0], "r1": [0.5, 0.6]}, "r1", 1),  # the highest run is not of the highest arm
        ({"none": [0.4, 0.4], "r1": [0.9, "diverged"]}, "r1", 0),  # (.9 + 0) / 2 > .4
        ({"none": [0.5, 0.5], "r1": [0.9, "diverged"]}, "none", 0),
        ({"none": [0.5, 0.2], "r1": ["failed", "failed"]}, "none", 0),
        ({"none": [None, None], "r1": [0.1, None]}, "r1", 0),
    ],
)
def test_the_best_arm_by_its_mean_and_of_that_the_best_run(tmp_path: Path, scores: dict, arm: str, seed: int):
    found = chosen_run(study(tmp_path, scores))
    assert (found.arm.text, found.seed) == (arm, seed)


@pytest.mark.parametrize(("arm", "seed"), [("none", 0), ("arm-0", 0), ("r1", 1), ("arm-1", 1)])
def test_an_arm_is_named_as_it_was_typed_or_by_its_folder(tmp_path: Path, arm: str, seed: int):
    assert chosen_run(study(tmp_path, {"none": [0.9, 0.0], "r1": [0.1, 0.2]}), arm).seed == seed


def test_what_is_not_there_is_named_with_what_is(tmp_path: Path):
    folder = study(tmp_path, {"none": [0.1], "r1": ["failed"]}, ("pair", "ring"))
    for given, why in (
        ({}, "a study of pair, ring; name one of them with --domain"),
        ({"domain": "image"}, "has no domain 'image'; it has pair, ring"),
        ({"domain": "ring", "arm": "r2"}, "has no arm 'r2'; it has 'none', 'r1'"),
        ({"domain": "ring", "arm": "r1"}, "no run of it has finished yet"),
    ):
        with pytest.raises(UsageError, match=re.escape(why)):
            chosen_run(folder, **given)
    assert chosen_run(folder, domain="ring").domain == "ring"


def test_what_is_left_out_of_a_damaged_selection_is_said_where_another_run_is_used(tmp_path: Path, caplog):
    choice = written(tmp_path / "x", LEVELS)
    assert recommended_run(choice.folder).arm.text == "b" and not caplog.messages
    del choice.content["recipes"]["b"]
    choice.write()
    assert recommended_run(choice.folder).arm.text != "b"
    assert any("selection.yaml: recipes.b: is missing" in said for said in caplog.messages)
