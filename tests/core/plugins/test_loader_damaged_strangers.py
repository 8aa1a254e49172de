"""An unrelated package with a damaged entry_points.txt: `import torch` and pydantic's models would raise for it."""

import logging
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from detente.plugins.loader import _damaged, installed

SWITCHES = {"PYDANTIC_DISABLE_PLUGINS": "__all__", "TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
DAMAGE = {
    "no equals sign": b"[pydantic]\nfoo",
    "not UTF-8": b"[a]\nx = \xff\xfe\n",
    "cut in a name": b"[console_scripts]\nfine = a:b\nhal",
}


def stranger(folder: Path, content: bytes, name: str = "stranger-1.0.dist-info") -> Path:
    info = folder / name
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_bytes(content)
    return info


@pytest.fixture(autouse=True)
def _as_if_nothing_were_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for switch in SWITCHES:
        monkeypatch.setenv(switch, "")  # so that it is put back afterwards
        monkeypatch.delenv(switch)
    _damaged.cache_clear()


@pytest.mark.parametrize("name", ["stranger-1.0.dist-info", "~tranger-1.0.dist-info"])
@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_torch_and_pydantic_are_kept_from_what_is_damaged_and_the_folder_is_named_once(
    content: bytes, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    info = stranger(tmp_path, content, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises((TypeError, ValueError)):  # what both of them do, and meet
        metadata.entry_points(group="pydantic")
    with caplog.at_level(logging.WARNING):
        assert "detente" in {each.origin.distribution for each in installed()}
        installed()
    assert {switch: os.environ.get(switch) for switch in SWITCHES} == SWITCHES
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{info}: its entry_points.txt is damaged")


def test_what_is_sound_leaves_the_extensions_of_torch_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger(tmp_path, b"[torch.backends]\nmine = a_module:of_mine\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed()
    assert not SWITCHES.keys() & os.environ.keys()


def test_what_somebody_has_set_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger(tmp_path, DAMAGE["no equals sign"])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TORCH_DEVICE_BACKEND_AUTOLOAD", "1")
    installed()
    assert os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] == "1"


@pytest.mark.slow
def test_training_and_a_search_go_on_beside_it(tmp_path: Path) -> None:
    stranger(tmp_path / "site", DAMAGE["no equals sign"])
    path = os.pathsep.join([str(tmp_path / "site"), *filter(None, sys.path)])
    small = ["--steps", "2", "--batch", "4", "--set", "samples=10", "-q"]
    search = ["tune", "dirac", "--reg", "r1", "--search", "r1.gamma=log:1..2", "--trials", "2", "--seeds", "2"]
    program = f"import sys; from detente.cli import main; sys.exit(main({[*search, '--fresh', '2', *small]!r}))"
    env = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Warning: " in done.stderr and "stranger-1.0.dist-info: its entry_points.txt is damaged" in done.stderr
