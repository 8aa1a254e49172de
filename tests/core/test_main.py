"""`python -m detente` is the command."""

import subprocess
import sys

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "detente", *arguments], capture_output=True, text=True, timeout=120)


def test_the_package_can_be_run() -> None:
    done = run("--version")
    assert done.returncode == 0 and done.stdout.startswith("detente 0.")


@pytest.mark.slow
def test_its_exit_code_is_the_commands() -> None:
    done = run("train", "no-such-domain", "--dry-run")
    assert done.returncode == 2 and "no-such-domain" in done.stderr


def test_importing_it_runs_nothing() -> None:
    code = "import detente.__main__; print('imported')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "imported\n")
