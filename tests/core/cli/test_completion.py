"""What a shell completes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from detente.cli import completion
from detente.plugins import discover, host, set_host


@pytest.mark.parametrize(
    ("begun", "found"),
    [
        ("spec", "spectral-norm"),
        ("d:r", "d:r1"),
        ("d:r1(gamma=1, every=4)+g:em", "d:r1(gamma=1, every=4)+g:ema"),
        ("non", "none"),
    ],
)
def test_a_chain_is_completed_by_its_last_name(begun: str, found: str) -> None:
    assert found in completion.regularizers(begun)


def test_options_of_a_regularizer_are_not_completed() -> None:
    assert completion.regularizers("d:r1(gam") == []


def test_runs_and_studies_are_completed_and_other_folders_are_not() -> None:
    for path, head in (("runs/00001-a", "recipe.yaml"), ("studies/00001-b", "study.yaml"), ("studies/x", "else")):
        Path(path).mkdir(parents=True)
        (Path(path) / head).touch()
    assert completion.runs("runs/0") == ["runs/00001-a"]
    assert completion.folders("") == ["runs/00001-a", "studies/00001-b"]
    assert completion.runs("studies") == []


def asked(words: str, count: int) -> list[str]:
    environment = {**os.environ, "_DETENTE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    code = (
        "import sys\nfrom detente.cli import main\ntry:\n    main([])\nfinally:\n"
        "    print(sorted({'torch', 'numpy', 'jinja2'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "count", "found"),
    [
        ("detente tra", 1, "train"),
        ("detente train ri", 2, "ring"),
        ("detente train ring --reg spectral", 4, "spectral-norm"),
        ("detente compare ring --objective hin", 4, "hinge"),
    ],
)
def test_bash_is_answered_without_torch(words: str, count: int, found: str) -> None:
    assert found in asked(words, count)


def test_a_host_that_was_set_is_asked() -> None:
    set_host(discover())
    try:
        assert completion.presets("de") == sorted(e.name for e in host().entries("preset") if e.name.startswith("de"))
    finally:
        set_host(None)
