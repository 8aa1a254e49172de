"""A pipe in the place of a file of ours is refused by name, where reading it would wait for ever."""

import os
import shutil
from pathlib import Path

import pytest

from detente.cli import main
from detente.errors import UsageError
from detente.files import read_bytes, regular


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    words = ["train", "ring", "--steps", "2", "--batch", "8", "-q", "--folder", str(folder)]
    assert main([*words, "--set", "samples=50", "--set", "metrics=[modes]", "--set", "checkpoint_every=1"]) == 0
    assert main(["export", str(folder), "-q"]) == 0
    return folder


def test_a_file_or_nothing_is_fine_and_a_pipe_a_folder_or_a_link_to_one_is_not(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"x")
    assert regular(tmp_path / "none") == tmp_path / "none"
    assert read_bytes(tmp_path / "file") == b"x"
    for name in ("pipe", "link", "."):
        with pytest.raises(UsageError, match=r"is a (named pipe|folder), not a file; move it away"):
            regular(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("checkpoints/step-00000002.pt", ["sample", "."]),
        ("export/generator.safetensors", ["sample", "export"]),
        ("export/model.json", ["sample", "export"]),
        ("run.json", ["evaluate", "."]),
        ("metrics.jsonl", ["resume", "."]),
        ("recipe.yaml", ["resume", "."]),
    ],
)
def test_a_command_ends_with_a_sentence(name, command, run, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "run")
    for path in (
        (tmp_path / "run/checkpoints").glob("*.pt") if name.startswith("checkpoints") else [tmp_path / "run" / name]
    ):
        path.unlink()
        os.mkfifo(path)
    assert main([command[0], str(tmp_path / "run" / command[1]), "-q"]) == 2
    said = capsys.readouterr().err
    assert "Error: " in said and "bug" not in said
