"""The run to go on with."""

import shlex
from pathlib import Path

import pytest
from test_verdicts import made_up

from detente.errors import typed
from detente.results.best import best_run, sampling


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ({"none": [0.2, 0.7], "r1": [0.6, 0.1]}, ("none", 1)),
        ({"none": [0.2, "failed"], "r1": [0.6, 0.1]}, ("r1", 0)),
        ({"none": ["diverged", "diverged"], "r1": ["failed", 0.0]}, None),
        ({"none": ["diverged", "failed"]}, None),
        ({"none": ["running", "pending"]}, None),
    ],
)
def test_the_best_run_has_finished_with_the_highest_score(tmp_path, scores, best):
    outcomes = made_up(tmp_path, {"a": scores, "b": {arm: [0.9, 0.9] for arm in scores}}, 2)[1]
    found = best_run([o for o in outcomes if not isinstance(o.final, str)], "a")
    assert (found and (found.cell.arm.text, found.cell.seed)) == best


@pytest.mark.parametrize("name", ["runs/1", "my runs/it's", "$HOME;ls", "é (2)/d:r1+g:ema"])
def test_a_command_can_be_pasted_whatever_the_folder_is_called(name):
    assert shlex.split(sampling(Path(name))) == ["detente", "sample", str(Path(name)), "-n", "16"]
    assert shlex.split(typed("detente", "export", Path(name))) == ["detente", "export", name]
