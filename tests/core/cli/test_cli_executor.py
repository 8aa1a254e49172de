"""`--executor` on the command line: every verb with many runs has it, and hands the same thing on."""

import importlib

import pytest

from command_line import Call
from detente.cli.resume import MANY
from detente.experiments.executors.local import LocalExecutor


@pytest.mark.parametrize("verb", MANY.values())
def test_every_verb_with_many_runs_has_the_flag(call: Call, verb: str) -> None:
    assert "--executor" in call(verb, "--help").out


@pytest.mark.parametrize(("file", "verb"), MANY.items())
def test_resume_hands_an_executor_to_every_verb_with_many_runs(call: Call, tmp_path, monkeypatch, file, verb) -> None:
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / file).touch()
    got: list[tuple] = []
    command = importlib.import_module(f"detente.cli.{verb}")
    experiment = importlib.import_module(f"detente.experiments.{verb}")
    monkeypatch.setattr(experiment, "resume", lambda folder, *, host, show, executor: got.append((folder, executor)))
    monkeypatch.setattr(command, "_finish", lambda *found: None)
    assert call("resume", "many", "--jobs", 3).code == 0
    ((folder, executor),) = got
    assert folder.name == "many" and isinstance(executor, LocalExecutor) and executor.slots == 3
    wrong = call("resume", "many", "--executor", "slurm")
    assert (wrong.code, "--executor slurm: must be one of local, ray" in wrong.err) == (2, True)


def test_a_single_run_has_no_executor(call: Call, tmp_path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text("steps: 1\n")
    refused = call("resume", "run", "--executor", "ray")
    assert (refused.code, "--executor only works for a study or a search" in refused.err) == (2, True)
