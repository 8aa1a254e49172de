"""Under torchrun several processes train one run, with the numbers of one; who leads writes and speaks."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from command_line import Call, lines, wait_for_step
from detente import cli
from detente.training import checkpoint

EXACT = ["train", "ring", "--reg", "r1(gamma=1, every=4)+lecam+clip-norm", "--reg", "g:batch-norm+ema", "--batch", "16"]
EXACT += ["--set", "samples=50", "--set", "metrics=[modes]", "--set", "checkpoint_every=6", "--set", "log_every=3"]
EXACT += ["--set", "precision=fp64", "--set", "discriminator.optimizer={name: sgd, lr: 0.01}", "--device", "cpu"]
EXACT += ["--set", "generator.optimizer={name: sgd, lr: 0.01}", "-q"]


def torchrun(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """A command in two processes."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "detente"]
    return subprocess.Popen(
        [*start, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        **options,
    )


def finished(*arguments: object) -> str:
    """What a command says in two processes on standard output; it must succeed."""
    process = torchrun(*arguments)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0 and "no longer have the same" not in err, err
    return out


def numbers(value: Any, at: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield at, value.double()
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from numbers(inner, f"{at}[{i}]")


def farthest(a: Path, b: Path, step: int = 12) -> float:
    """How far apart two runs are at most, in all that their checkpoints hold of the game."""
    left, right = (dict(numbers(checkpoint.load(f / "checkpoints" / checkpoint.named(step))["game"])) for f in (a, b))
    assert left.keys() == right.keys()
    return max((left[key] - right[key]).abs().max().item() for key in left if left[key].numel())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`one` was trained by one process; `fewer` by two and then by one, `more` by one and then by two."""
    at = tmp_path_factory.mktemp("together")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        assert cli.main([*EXACT, "--steps", "12", "--folder", str(at / "one")]) == 0
        assert cli.main([*EXACT, "--steps", "6", "--folder", str(at / "more")]) == 0
        said = finished(*EXACT, "--steps", "6", "--folder", at / "fewer")
        (at / "said").write_text(said)
        assert cli.main([*EXACT, "--steps", "12", "--folder", str(at / "fewer")]) == 0
        finished(*EXACT, "--steps", "12", "--folder", at / "more")
        yield at


@pytest.mark.slow
@pytest.mark.parametrize("other", ["fewer", "more"])
def test_a_checkpoint_of_any_number_of_processes_goes_on_with_any_other(folder: Path, other: str) -> None:
    assert farthest(folder / "one", folder / other) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("other", ["fewer", "more"])
def test_what_is_logged_is_of_the_joint_batch(folder: Path, other: str) -> None:
    mine, theirs = lines(folder / "one"), lines(folder / other)
    assert [line["step"] for line in mine if "terms" in line] == [3, 6, 9, 12]
    logged = [[line for line in found if "terms" in line] for found in (mine, theirs)]
    for a, b in zip(*logged, strict=True):
        assert b["terms"] == pytest.approx(a["terms"], abs=1e-12)
        assert b["watched"] == pytest.approx(a["watched"], abs=1e-12)


@pytest.mark.slow
def test_one_process_speaks_and_writes(folder: Path) -> None:
    assert (folder / "said").read_text().count("finished after 6 steps") == 1
    logged = [line["step"] for line in lines(folder / "fewer") if "terms" in line]
    assert logged == sorted(set(logged))


@pytest.mark.slow
def test_a_run_says_how_many_processes_it_had_last(folder: Path) -> None:
    found = {
        name: json.loads((folder / name / "run.json").read_text())["processes"] for name in ("one", "fewer", "more")
    }
    assert found == {"one": 1, "fewer": 1, "more": 2}


@pytest.fixture
def second_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """As torchrun would have it, without a place where the two meet."""
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def first_of_two(second_of_two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setattr("detente.training.launched.speaks", lambda error: True)


@pytest.mark.parametrize(
    "arguments", [["compare", "ring", "--reg", "none"], ["tune", "ring"], ["check", "ring"], ["plugins"], ["doctor"]]
)
def test_other_verbs_take_one_process(first_of_two: None, call: Call, arguments: list[str]) -> None:
    done = call(*arguments)
    assert done.code == 2 and f"{arguments[0]} takes one process; torchrun is for train and resume" in done.err


def test_a_study_is_not_resumed_by_torchrun(first_of_two: None, call: Call, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("")
    done = call("resume", tmp_path)
    assert done.code == 2 and "torchrun is for a single run" in done.err


@pytest.mark.acceptance
@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_is_killed_ends_the_run_in_a_sentence_with_a_checkpoint(tmp_path: Path, victim: int) -> None:
    run = tmp_path / "run"
    process = torchrun(*EXACT, "--steps", 100_000, "--folder", run, start_new_session=True)
    wait_for_step(run, 9, lambda: process.poll() is None)
    os.kill(workers(process.pid)[victim], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert err.count("Another process of this run has ended. Resume with: torchrun --nproc-per-node 2 -m detente") == 1
    (newest,) = checkpoint.checkpoints(run / "checkpoints")[-1:]
    step = checkpoint.load(newest)["step"]
    assert step % 6 == 0
    finished(*EXACT, "--steps", step + 6, "--folder", run)


@pytest.mark.acceptance
def test_ctrl_c_stops_all_after_one_step_with_its_checkpoint(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = torchrun(*EXACT, "--steps", 100_000, "--folder", run, start_new_session=True)
    wait_for_step(run, 9, lambda: process.poll() is None)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert err.count("Error: Interrupted. Resume with:") == 1
    info = json.loads((run / "run.json").read_text())
    assert info["status"] == "interrupted"
    assert (run / "checkpoints" / checkpoint.named(info["step"])).is_file()


def workers(parent: int) -> list[int]:
    """The processes that torchrun has started, in their order."""
    for _ in range(100):
        found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        ranks = {}
        for pid in map(int, found):
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            ranks |= {int(entry[5:]): pid for entry in environment if entry.startswith(b"RANK=")}
        if len(ranks) == 2:
            return [ranks[0], ranks[1]]
        time.sleep(0.1)
    raise AssertionError("torchrun has not started two processes")
