"""What a run says of itself, and commands that can be pasted."""

import shlex
from pathlib import Path

import pytest

from command_line import RING, Call


@pytest.mark.parametrize("folder", ["my runs/a b", "it's", "a;b"])
def test_the_next_commands_can_be_pasted_whatever_the_folder_is_called(call: Call, folder: str) -> None:
    done = call(*RING, "--folder", folder)
    assert done.code == 0
    *_, sample, export = done.out.splitlines()
    assert shlex.split(sample)[1:] == ["detente", "sample", folder, "-n", "16"]
    assert shlex.split(export) == ["detente", "export", folder]
    (Path(folder) / "checkpoints" / "step-00000020.pt").unlink()
    (Path(folder) / "checkpoints" / "step-00000010.pt").unlink(missing_ok=True)
    refused = call("sample", folder).err
    assert shlex.split(refused[refused.index("(") + 1 : refused.rindex(")")]) == ["detente", "resume", folder]


def test_a_run_is_introduced_in_a_line_and_with_v_by_its_recipe(call: Call) -> None:
    short = call(*RING, "--reg", "d:r1+g:ema")
    assert "; d:r1+g:ema; 20 steps of 16, seed 0" in short.err
    assert "discriminator:" not in short.err
    whole = call(*RING, "--reg", "d:r1+g:ema", "-v")
    assert "discriminator:" in whole.err
