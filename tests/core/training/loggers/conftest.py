"""What the tests of loggers compare with."""

from pathlib import Path

import pytest

from observers import train


@pytest.fixture(scope="module")
def plain(module_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody observes."""
    folder = tmp_path_factory.mktemp("plain") / "run"
    train(folder)
    return folder
