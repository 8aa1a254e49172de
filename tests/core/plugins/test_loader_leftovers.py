"""What an interrupted pip leaves behind hides nothing that is sound."""

import shutil
from pathlib import Path

import pytest

from distributions import ask, install
from sample_plugins import OTHER, one_module

STATUS = "answer = {p.origin.plugin: [p.status, p.origin.version] for p in discover().plugins}"


@pytest.mark.parametrize("folder", ["~etente_other-1.0.dist-info", "~-tente_other-1.0.dist-info", "._detente_other-1"])
def test_the_metadata_that_an_interrupted_pip_left_hide_no_plugin(tmp_path: Path, folder: str) -> None:
    target = tmp_path / "target"
    install([one_module("detente-other", "2.0", OTHER)], tmp_path, target)
    name = folder if folder.endswith(".dist-info") else f"{folder}.dist-info"
    shutil.copytree(target / "detente_other-2.0.dist-info", target / name)
    (target / name / "METADATA").write_text("Metadata-Version: 2.1\nName: detente-other\nVersion: 1.0\n")
    (target / name / "entry_points.txt").write_text("[detente]\nother = a_module_that_is_gone\n")
    assert ask(target, STATUS)["other"] == ["ok", "2.0"]


def test_left_over_metadata_alone_are_no_plugin(tmp_path: Path) -> None:
    info = tmp_path / "~onely-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lonely\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[detente]\nlonely = lonely\n")
    assert "lonely" not in ask(tmp_path, STATUS)
