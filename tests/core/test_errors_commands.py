"""Commands that are printed can be pasted, whatever the names of files in them."""

import os
import subprocess
from pathlib import Path

import pytest

from detente.errors import typed, visible


@pytest.mark.parametrize(
    "name",
    [
        b"plain",
        b"shots #2",
        b"it's",
        b"a\xffb",
        b"\xe9t\xe9 1",
        b"it's \xff here\\",
        b"new\nline",
        b"\x1b[31mred",
        "\u202egnp.a".encode(),
        "日本\u200b語".encode(),
        b"$HOME `id` !",
    ],
)
def test_what_is_pasted_names_the_same_file(name: bytes) -> None:
    command = typed("printf", "%s", os.fsdecode(name))
    shown = visible(command)  # as a terminal has it
    assert shown == command or b"\n" in name
    done = subprocess.run(["bash", "-c", shown], capture_output=True, check=True)
    assert done.stdout == name


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (Path("-rf"), "./-rf"),
        (Path("./--json"), "./--json"),
        (Path("-n/recipe.yaml"), "./-n/recipe.yaml"),
        (Path("- a"), "'./- a'"),
        (Path("runs/-rf"), "runs/-rf"),
        ("-n", "-n"),
    ],
)
def test_a_path_is_never_taken_for_a_flag(path: Path | str, shown: str) -> None:
    assert typed("detente", "sample", path) == f"detente sample {shown}"
