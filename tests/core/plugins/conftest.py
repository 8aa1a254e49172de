"""What the tests of several modules of the plugin host start from."""

from pathlib import Path
from typing import Any

import pytest

from distributions import ask, install
from sample_plugins import BROKEN, SOUND, git


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sound and five broken distributions, in one folder."""
    target = tmp_path_factory.mktemp("installed")
    install([*SOUND, *BROKEN], tmp_path_factory.mktemp("wheels"), target)
    return target


@pytest.fixture(scope="session")
def all_plugins(installed: Path) -> dict[str, dict[str, Any]]:
    """What the listing says of each installed plugin, by name."""
    code = "from detente.plugins.listing import listing\nanswer = listing(discover())['plugins']"
    return {plugin["name"]: plugin for plugin in ask(installed, code)}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "plugin").mkdir(parents=True)
    (folder / "plugin" / "code.py").write_text("")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder
