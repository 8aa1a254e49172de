"""How commands end: help, mistakes, signals, exit codes."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from command_line import DIVERGES, LONG, RING, Call, wait_for_step
from detente.training import checkpoint
from detente.training.trainer import Trainer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("trian ring", "Did you mean 'train'?"),
        ("train ring --stpes 3", "--steps"),
        ("train ring --steps", "requires an argument"),
        ("train ring --steps many", "'--steps'"),
        ("train", "needs a DOMAIN"),
        ("train rign", "There is no domain 'rign'. Did you mean 'ring'?"),
        ("train ring --reg r11", "There is no regularizer 'r11'. Did you mean 'r1'?"),
        ("train ring --reg r1(gama=3)", "r1.gama: unknown option. Did you mean 'gamma'?"),
        ("train ring --reg r1(", "--reg"),
        ("train ring --set stpes=3", "Did you mean 'steps'?"),
        ("train ring --set steps=x", "steps: should be an integer, but is 'x'"),
        ("train ring --steps 0", "steps"),
        ("train ring --precision fp8", "precision"),
        ("train ring --device tpu", "device"),
        ("train ring --device cuda:99", "cuda:99"),
        ("train ring --model mpl", "There is no model 'mpl'"),
        ("train ring --no-plugin nobody", "--no-plugin names 'nobody'"),
        ("train --recipe missing.yaml", "missing.yaml: file not found"),
        ("resume nowhere", "nowhere: not the folder of a run"),
        ("evaluate nowhere", "nowhere: not the folder of a run"),
        ("sample nowhere", "nowhere: not the folder of a run"),
        ("export nowhere", "nowhere: not the folder of a run"),
        ("report nowhere", "nowhere: not the folder of a run"),
        ("plugins show nobody", "Nothing is installed under the name 'nobody'"),
        ("plugins r1", "No such command 'r1'"),
        ("plugins show", "Missing argument 'NAME'"),
        ("data get rign", "Did you mean 'ring'?"),
        ("data get nowhere/ring", "There is no domain 'nowhere'"),
        ("compare ring", "--reg none"),
        ("compare --reg r1", "needs a DOMAIN"),
        ("compare ring --reg r1 --seeds few", "--seeds few"),
        ("compare ring --reg r1 --preset nothing", "--preset"),
    ],
)
def test_a_mistake_in_the_call_is_one_sentence_and_exit_code_2(
    call: Call, tmp_path: Path, arguments: str, message: str
) -> None:
    done = call(*arguments.split())
    assert (done.code, done.out) == (2, "")
    last = done.err.splitlines()[-1]
    assert last.startswith("Error: ")
    assert message in last
    assert "Traceback" not in done.err
    assert not (tmp_path / "runs").exists()


def test_verbose_shows_the_traceback(call: Call) -> None:
    assert "Traceback" in call(*RING, *DIVERGES, "-v").err


def test_a_mistake_of_ours_is_one_line_that_names_the_log(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(trainer: Trainer) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Trainer, "train", fail)
    done = call(*RING, "--folder", "run", "-q")
    assert done.code == 1
    message, where = done.err.split(" This is a bug in détente or in a plugin. ")
    assert message == "Error: ZeroDivisionError: by zero."
    assert where == "The traceback is in run/log.txt.\n"
    assert "ZeroDivisionError" in Path("run/log.txt").read_text()


def test_a_full_disk_is_said_plainly_and_the_run_can_go_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    save = checkpoint.save

    def full(path: Path, state: dict[str, Any]) -> None:
        if "20" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        save(path, state)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", full)
        done = call(*RING, "--folder", "run", "-q")
    assert done.code == 1
    assert "There is no space left on the disk at run/checkpoints/step-00000020.pt." in done.err
    assert "detente resume run" in done.err
    assert call("resume", "run", "-q").code == 0


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m detente plugins | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("plugins\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["plugins", "--json"], ["train", "--help"]])
def test_help_and_plugins_are_light(arguments: list[str]) -> None:
    """What they import decides how long they take, which `make bench` measures."""
    code = (
        "import sys, typer\n"
        "before = set(sys.modules)\n"
        "from detente.cli import main\n"
        f"code = main({arguments!r})\n"
        "heavy = {'torch', 'numpy', 'scipy', 'jinja2', 'rich', 'pydantic', 'yaml', 'optuna'} & set(sys.modules)\n"
        "print(code, sorted(heavy), len(set(sys.modules) - before), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    status, heavy, modules = done.stderr.split()
    assert (status, heavy) == ("0", "[]")
    assert int(modules) < 150


def test_without_arguments_there_is_help(call: Call) -> None:
    done = call()
    assert done.code == 0
    assert "Usage: detente" in done.out


@pytest.mark.slow
def test_ctrl_c_ends_the_installed_command_with_130() -> None:
    command = [sys.executable, "-m", "detente", *LONG, "--steps", "100000", "--folder", "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for_step(Path("run"), 10, lambda: process.poll() is None)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr is not None
        assert process.stderr.read() == "Error: Interrupted. Resume with: detente resume run\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EFBIG, "A file would be larger than this system allows (see ulimit -f). Choose another folder"),
        (errno.EIO, "The disk does not work. Choose another folder"),
        (errno.EDQUOT, "There is no space left on the disk. Free some space"),
        (errno.EROFS, "The disk cannot be written to. Choose another folder"),
    ],
)
def test_a_disk_that_fails_in_the_middle_of_a_file_is_no_bug(
    call: Call, monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(code, os.strerror(code))  # as a file's own `write` does, without its name

    monkeypatch.setattr("detente.cli.flags.discover", fail)
    done = call("plugins")
    assert (done.code, done.out) == (1, "")
    assert said in done.err and "bug" not in done.err
