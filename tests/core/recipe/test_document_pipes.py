"""A recipe is a file: what may never end is refused before it is read."""

import os
import socket
from pathlib import Path

import pytest

from detente.cli import main
from detente.errors import UsageError
from detente.recipe.document import read


@pytest.fixture
def places(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    plug = socket.socket(socket.AF_UNIX)
    plug.bind(str(tmp_path / "plug"))
    yield [tmp_path / "pipe", tmp_path / "link", tmp_path / "plug", "/dev/zero", "/dev/null"]
    plug.close()


def test_a_pipe_a_socket_or_a_device_is_refused_and_nothing_waits(places, capsys):
    for place in places:
        with pytest.raises(UsageError, match="is a pipe, a socket or a device"):
            read(Path(place))
        for command in (["check", str(place)], ["train", "-n", "--recipe", str(place)]):
            assert main(command) == 2
            assert "save the recipe to a file first" in capsys.readouterr().err


def test_a_folder_is_still_called_one(tmp_path):
    with pytest.raises(UsageError, match="directory"):
        read(tmp_path)
