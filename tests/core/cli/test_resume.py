"""A run that was stopped, killed or damaged ends with the numbers of one that never was."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from filelock import FileLock

from command_line import LONG, Call, assert_same_run, child, lines, wait_for_step
from detente import cli


def test_two_processes_cannot_train_the_same_run(call: Call, trained: Path) -> None:
    with FileLock(trained / ".lock"):
        done = call("resume", trained)
    assert done.code == 2
    assert "another process is training this run" in done.err


def test_resuming_a_finished_run_changes_no_number(call: Call, trained: Path) -> None:
    before = (trained / "metrics.jsonl").read_bytes()
    assert call("resume", trained).code == 0
    assert (trained / "metrics.jsonl").read_bytes() == before


@pytest.fixture(scope="module")
def start() -> Callable[..., BaseProcess]:
    """Starts a command in a process that need not import torch first, as a fork of one that has."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["detente.cli.train", "detente.training.trainer", "detente.recipe"])

    def run(arguments: list[str], output: Path) -> BaseProcess:
        process = context.Process(target=child, args=(arguments, str(output)))
        process.start()
        return process

    return run


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The long run, never stopped."""
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        assert cli.main([*LONG, "--folder", str(folder)]) == 0
    return folder


@pytest.mark.slow
def test_killed_again_and_again_a_run_ends_with_the_same_numbers(
    unbroken: Path, start: Callable[..., BaseProcess]
) -> None:
    run, output = Path("run").resolve(), Path("output").resolve()
    moments = random.Random(7)
    process = start([*LONG, "--folder", str(run)], output)
    for target in (10, 50, 120):
        wait_for_step(run, target, process.is_alive)
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        process = start(["resume", str(run), "-q"], output)
    process.join()
    assert process.exitcode == 0, output.read_text()
    assert_same_run(unbroken, run)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_saves_a_checkpoint_and_goes_on_to_the_same_end(
    unbroken: Path, call: Call, start: Callable[..., BaseProcess], number: int, code: int
) -> None:
    run, output = Path("run").resolve(), Path("output").resolve()
    process = start([*LONG, "--folder", str(run)], output)
    wait_for_step(run, 50, process.is_alive)
    assert process.pid is not None
    os.kill(process.pid, number)
    process.join()
    assert process.exitcode == code
    assert output.read_text() == f"Error: Interrupted. Resume with: detente resume {run}\n"
    info = json.loads((run / "run.json").read_text())
    assert info["status"] == "interrupted"
    assert f"step-{info['step']:08d}.pt" in {path.name for path in (run / "checkpoints").iterdir()}
    assert 50 <= info["step"] < 200
    assert call("resume", run, "-q").code == 0
    assert_same_run(unbroken, run)


def test_a_damaged_newest_checkpoint_costs_only_what_came_after_the_one_before(call: Call, unbroken: Path) -> None:
    shutil.copytree(unbroken, "run")
    newest = Path("run/checkpoints/step-00000200.pt")
    newest.write_bytes(newest.read_bytes()[:1000])
    done = call("resume", "run")
    assert done.code == 0
    assert "Warning: run/checkpoints/step-00000200.pt: cannot be read as a checkpoint (RuntimeError)" in done.err
    assert_same_run(unbroken, Path("run"))


def test_a_run_killed_before_its_record_was_written_starts_anew(call: Call, trained: Path) -> None:
    Path("run").mkdir()
    shutil.copy(trained / "recipe.yaml", "run")
    assert call("resume", "run", "-q").code == 0
    assert lines(Path("run")) == lines(trained)
